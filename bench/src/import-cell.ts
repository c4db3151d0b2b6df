// How long the first import of a module takes in a fresh process: `node dist/import-cell.js <module>`.
// Prints the milliseconds.
const start = performance.now();
await import(process.argv[2] as string);
console.log(performance.now() - start);
