// What the tests of the verifier share: the cases that Python wrote, and the outcome of what may be refused.

import { readFileSync } from "node:fs";

import { Refusal } from "../../registry/service/web/verifier/refusal.js";

export const REPOSITORY = new URL("../../", import.meta.url);

export const readJson = (path) => JSON.parse(readFileSync(path, "utf8"));
export const cases = () => readJson(process.env.CASES);
export const fromBase64 = (text) => new Uint8Array(Buffer.from(text, "base64"));

/** What a function comes to: its value, or the refusal's members that are asked for. */
export async function outcome(make, members = ["code"]) {
  try {
    return await make();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return Object.fromEntries(members.map((name) => [name, error[name]]));
  }
}
