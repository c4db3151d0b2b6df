// Imports nothing and exports nothing: the least that an import can cost.
export {};
