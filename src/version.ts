/** The version of this package, as its manifests have it; a test compares them. */
export const version = "0.1.0";
