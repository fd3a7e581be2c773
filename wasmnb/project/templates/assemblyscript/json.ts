// Reads a configuration: a JSON object whose members are strings, numbers, true, false or null.
// AssemblyScript has no JSON of its own, and this is all of it that a filter's settings need.

export class Settings {
  private strings: Map<string, string> = new Map<string, string>();
  private others: Map<string, string> = new Map<string, string>();

  // Gives null for a text that is none; an empty one is an object without members.
  static parse(text: string): Settings | null {
    const settings = new Settings();
    if (text.trim() == "") return settings;
    const reader = new Reader(text);
    if (!reader.take("{")) return null;
    if (!reader.take("}")) {
      do {
        const name = reader.literal();
        if (name == null || !reader.take(":")) return null;
        const value = reader.literal();
        if (value != null) {
          settings.strings.set(name, value);
        } else {
          const word = reader.word();
          if (word == "") return null;
          settings.others.set(name, word);
        }
      } while (reader.take(","));
      if (!reader.take("}")) return null;
    }
    return reader.ended() ? settings : null;
  }

  // What is not there, or of another kind, gives the fallback.
  string(name: string, fallback: string): string {
    return this.strings.has(name) ? this.strings.get(name) : fallback;
  }

  integer(name: string, fallback: i64): i64 {
    return this.others.has(name) ? I64.parseInt(this.others.get(name)) : fallback;
  }
}

class Reader {
  position: i32 = 0;

  constructor(private text: string) {}

  take(letter: string): bool {
    while (this.position < this.text.length && this.text.charCodeAt(this.position) <= 0x20) this.position++;
    if (this.text.charAt(this.position) != letter) return false;
    this.position++;
    return true;
  }

  ended(): bool {
    this.take("");
    return this.position >= this.text.length;
  }

  // A number, true, false or null.
  word(): string {
    this.take("");
    const start = this.position;
    while (this.position < this.text.length && isWord(this.text.charCodeAt(this.position))) this.position++;
    return this.text.substring(start, this.position);
  }

  literal(): string | null {
    if (!this.take('"')) return null;
    let value = "";
    while (this.position < this.text.length) {
      const letter = this.text.charAt(this.position++);
      if (letter == '"') return value;
      value += letter == "\\" ? this.escaped() : letter;
    }
    return null;
  }

  private escaped(): string {
    const letter = this.text.charAt(this.position++);
    if (letter == "u") {
      const code = I32.parseInt(this.text.substr(this.position, 4), 16);
      this.position += 4;
      return String.fromCharCode(code);
    }
    const index = "nrtbf".indexOf(letter);
    return letter == "" || index < 0 ? letter : "\n\r\t\b\f".charAt(index);
  }
}

function isWord(code: i32): bool {
  return (code >= 0x30 && code <= 0x39) || (code >= 0x61 && code <= 0x7a) || code == 0x45 || code == 0x2e || code == 0x2b || code == 0x2d;
}
