/**
 * Files on their way into a page: chosen, dropped or pasted, and read where they are not too large.
 */

import { marked } from "../verifier/text.js";
import { byId } from "./elements.js";
import { chosenFiles, droppedFiles } from "./folders.js";
import { MOST_FILES, mostBytes } from "./intake.js";
import { say } from "./messages.js";

/**
 * @typedef {import("./folders.js").Named} Named
 * @typedef {import("./intake.js").Given} Given
 */

const LONGEST_NAME = 120;

/** Why files were not read, as a sentence for whoever brought them. */
export class NotBrought extends Error {}

/**
 * Hand over all that is chosen in the fields `files` and `folder`, dropped anywhere, or pasted as a file.
 * @param {(brought: Named[] | Promise<Named[]>) => void} take
 */
export function whenBrought(take) {
  for (const id of ["files", "folder"]) {
    const input = /** @type {HTMLInputElement} */ (byId(id));
    input.addEventListener("change", () => {
      take(chosenFiles(input));
      // The same file again is a change, too.
      input.value = "";
    });
  }
  const zone = byId("zone");
  for (const kind of ["dragover", "drop"]) document.addEventListener(kind, (event) => event.preventDefault());
  zone.addEventListener("dragover", () => zone.classList.add("over"));
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  document.addEventListener("drop", (event) => {
    zone.classList.remove("over");
    // What is dragged within the page, such as a text that was selected, is no file.
    if (event.dataTransfer?.types.includes("Files")) take(droppedFiles(event.dataTransfer, MOST_FILES));
  });
  document.addEventListener("paste", (event) => {
    const brought = event.clipboardData?.files;
    if (!brought?.length) return;
    event.preventDefault();
    take([...brought].map((file) => ({ name: file.name, file })));
  });
}

/**
 * The content of files.
 * @param {Named[] | Promise<Named[]>} brought
 * @param {() => boolean} isWanted whether anybody still waits for it.
 * @returns {Promise<Given[]>}
 * @throws {NotBrought} they are too many, or one is too large or gone.
 */
export async function contentsOf(brought, isWanted) {
  /** @type {Given[]} */
  const given = [];
  let reading = "";
  try {
    const named = await brought;
    if (named.length > MOST_FILES) throw new NotBrought(say("tooMany", { most: MOST_FILES, count: named.length }));
    for (const { name, file } of named) {
      if (!isWanted()) return given;
      reading = marked(name, LONGEST_NAME);
      if (file.size > mostBytes(name)) throw new NotBrought(say("tooLarge", { name: reading, most: mostBytes(name) >> 20 }));
      given.push({ name, data: new Uint8Array(await file.arrayBuffer()) });
    }
    return given;
  } catch (error) {
    if (error instanceof NotBrought) throw error;
    throw new NotBrought(reading ? say("unreadable", { name: reading }) : say("folderUnreadable"));
  }
}
