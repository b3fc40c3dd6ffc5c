/**
 * Files that were chosen or dropped, with those in folders, under their names with the folders.
 */

import { isHidden } from "./archive.js";

/** @typedef {{name: string, file: File}} Named */

const MOST_FOLDERS = 100;

/**
 * The files of a field.
 * @param {HTMLInputElement} input
 * @returns {Named[]}
 */
export function chosenFiles(input) {
  const named = [...(input.files ?? [])].map((file) => ({ name: file.webkitRelativePath || file.name, file }));
  return input.webkitdirectory ? named.filter(({ name }) => !isHidden(name)) : named;
}

/**
 * The files that were dropped; it has to be called while they are, and not later.
 * @param {DataTransfer} dropped
 * @param {number} most files that are wanted: of more there is one more.
 * @returns {Promise<Named[]>}
 */
export async function droppedFiles(dropped, most) {
  const entries = [...dropped.items].flatMap((item) => item.webkitGetAsEntry?.() ?? []);
  if (!entries.some((entry) => entry.isDirectory)) return [...dropped.files].map((file) => ({ name: file.name, file }));
  /** @type {Named[]} */
  const found = [];
  for (const entry of entries) await gather(entry, entry.name, found, most);
  return found;
}

/**
 * @param {FileSystemEntry} entry
 * @param {string} name
 * @param {Named[]} found
 * @param {number} most
 */
async function gather(entry, name, found, most) {
  if (found.length > most) return;
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => /** @type {FileSystemFileEntry} */ (entry).file(resolve, reject));
    found.push({ name, file });
    return;
  }
  if (name.split("/").length > MOST_FOLDERS) return;
  const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
  for (;;) {
    /** @type {FileSystemEntry[]} */
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return;
    for (const each of some) if (!isHidden(each.name)) await gather(each, `${name}/${each.name}`, found, most);
  }
}
