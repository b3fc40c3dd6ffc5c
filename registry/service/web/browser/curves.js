/**
 * In place of `@noble/curves`, for browsers without Ed25519 of their own: the page loads nothing, so it says so.
 */

export {};

throw new Error("this browser knows no Ed25519");
