/**
 * Files that the page hands to the browser to keep.
 */

/**
 * @param {string} name
 * @param {string} type of the media.
 * @param {string | Uint8Array} content
 */
export function save(name, type, content) {
  const url = URL.createObjectURL(new Blob([/** @type {BlobPart} */ (content)], { type: typeof content === "string" ? `${type};charset=utf-8` : type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The browser has begun by then; kept, it would keep the content as long as the page is open.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
