// Owns: the version of this package, as package.json states it; a test holds the two equal.

export const VERSION = "0.1.0";
