/**
 * A QR code by the camera, where the browser reads such codes itself: the stream ends with the first one, and whenever the
 * user or the page says so. No picture is kept.
 */

/**
 * @typedef {{detect: (picture: HTMLVideoElement) => Promise<{rawValue: string}[]>}} Detector of the browser's BarcodeDetector, which
 *   the type checker does not know.
 * @typedef {{new (options: {formats: string[]}): Detector, getSupportedFormats: () => Promise<string[]>}} Detectors
 */

const FORMAT = "qr_code";

/** Whether there is a camera to ask for, and somebody who reads its pictures. */
export async function canScan() {
  const known = detectors();
  if (!known || !navigator.mediaDevices?.getUserMedia) return false;
  try {
    return (await known.getSupportedFormats()).includes(FORMAT);
  } catch {
    return false;
  }
}

/**
 * The text of the first code that the camera sees; null where it was stopped before.
 * @param {HTMLVideoElement} video shows what the camera sees.
 * @param {AbortSignal} signal
 * @throws {Error} the camera is not there, or the user does not let the page use it.
 */
export async function scan(video, signal) {
  const detector = new /** @type {Detectors} */ (detectors())({ formats: [FORMAT] });
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  const stop = () => {
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
  };
  try {
    if (signal.aborted) return null;
    signal.addEventListener("abort", stop);
    video.srcObject = stream;
    await video.play();
    while (!signal.aborted) {
      const [code] = await detector.detect(video);
      if (code?.rawValue) return code.rawValue;
      await new Promise((done) => setTimeout(done, 100));
    }
    return null;
  } catch (error) {
    // A stream that was stopped ends what waits for it by an error.
    if (signal.aborted) return null;
    throw error;
  } finally {
    stop();
  }
}

/** @returns {Detectors | undefined} */
function detectors() {
  return /** @type {any} */ (globalThis).BarcodeDetector;
}
