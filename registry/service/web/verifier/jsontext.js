/**
 * JSON as the program in Python writes it: members in their order, in as few signs as there can be.
 */

import { Members, Real } from "./strictjson.js";

// From how many digits before or zeros behind the point on a number is written with an exponent.
const MOST_DIGITS = 16;
const MOST_ZEROS = 5;

/**
 * A value that was read, or one of JavaScript's; members that are undefined are left out.
 * @param {any} value
 * @returns {string}
 */
export function jsonText(value) {
  if (value instanceof Real) return realText(value.value);
  if (Array.isArray(value)) return `[${value.map(jsonText).join(",")}]`;
  if (typeof value !== "object" || value === null) return typeof value === "bigint" ? String(value) : JSON.stringify(value);
  const members = [...(value instanceof Members ? value : Object.entries(value))].filter(([, each]) => each !== undefined);
  return `{${members.map(([name, each]) => `${JSON.stringify(name)}:${jsonText(each)}`).join(",")}}`;
}

/** @param {number} real */
function realText(real) {
  const [mantissa, exponent] = real.toExponential().split("e");
  const places = Number(exponent) + 1;
  if (places > MOST_DIGITS || places <= -MOST_ZEROS) return `${mantissa}e${exponent}`;
  // JavaScript has exponents from fewer zeros on, and none where there is no fraction.
  const sign = real < 0 || Object.is(real, -0) ? "-" : "";
  const digits = mantissa.replace(/[-.]/g, "");
  if (places <= 0 && real) return `${sign}0.${"0".repeat(-places)}${digits}`;
  const whole = Math.max(places, 1);
  return `${sign}${digits.slice(0, whole).padEnd(whole, "0")}.${digits.slice(whole) || "0"}`;
}
