// What tells one text of a cell from another, as wasmnb/lab/standing.py makes it: CRC-32, and how many bytes.

const TABLE = Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value >>> 0;
});

/** The mark of a cell's text. A page that is not secure has no SHA-256, and a mark protects nothing. */
export function mark(source: string): string {
  const bytes = new TextEncoder().encode(source);
  let sum = 0xffffffff;
  for (const byte of bytes) sum = (sum >>> 8) ^ (TABLE[(sum ^ byte) & 255] ?? 0);
  return `${((sum ^ 0xffffffff) >>> 0).toString(16).padStart(8, "0")}-${bytes.length}`;
}
