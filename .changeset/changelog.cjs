// How a changeset becomes lines of a CHANGELOG.md. They are for the person who upgrades: no hashes of commits, and of the
// packages below only which versions are needed now.

module.exports = {
  /** The text of a changeset as it was written, as an item of the list. */
  async getReleaseLine({ summary }) {
    const [first, ...rest] = summary.split("\n").map((line) => line.trimEnd());
    return [`- ${first}`, ...rest.map((line) => (line === "" ? "" : `  ${line}`))].join("\n");
  },

  /** One line for all packages of ours that have moved. */
  async getDependencyReleaseLine(_changesets, dependencies) {
    if (dependencies.length === 0) return "";
    const names = dependencies.map(({ name, newVersion }) => `\`${name}\` ${newVersion}`);
    return `- Works with ${names.join(", ")}.`;
  },
};
