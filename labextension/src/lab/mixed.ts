// The language of a cell with a magic line above its body: the line is one word for the editor, and the body is parsed,
// indented and commented by the language's own rules.

import { defineLanguageFacet, Language, LanguageSupport, languageDataProp } from "@codemirror/language";
import {
  type Input,
  NodeSet,
  NodeType,
  Parser,
  type PartialParse,
  parseMixed,
  Tree,
  type TreeFragment,
} from "@lezer/common";
import { styleTags, tags } from "@lezer/highlight";
import { ABOVE, lineEnd } from "./cell.ts";

const data = defineLanguageFacet({});
const top = NodeType.define({ id: 0, name: "Cell", top: true, props: [[languageDataProp, data]] });
const magic = NodeType.define({ id: 1, name: "Magic" });
const body = NodeType.define({ id: 2, name: "Body" });
// The line is in the colour that Python's cells have for the sign of a magic; that of `meta` is too dark in the dark theme.
const nodes = new NodeSet([top, magic, body]).extend(styleTags({ Magic: tags.operator }));
const [CELL, MAGIC, BODY] = nodes.types as [NodeType, NodeType, NodeType];

/** Puts a language below a magic line. */
export function mixed(name: string, inner: LanguageSupport): LanguageSupport {
  const nested = parseMixed((node) => (node.type === BODY ? { parser: inner.language.parser } : null));
  return new LanguageSupport(new Language(data, new CellParser(nested), [], name), inner.support);
}

type Nested = ReturnType<typeof parseMixed>;

const TOP = new RegExp(ABOVE);

class CellParser extends Parser {
  constructor(private readonly nested: Nested) {
    super();
  }

  createParse(
    input: Input,
    fragments: readonly TreeFragment[],
    ranges: readonly { from: number; to: number }[],
  ): PartialParse {
    return this.nested(new Lines(input), input, fragments, ranges);
  }
}

/** Two nodes: the line, and all below it. That is found at once, so nothing is left to be gone on with. */
class Lines implements PartialParse {
  parsedPos = 0;
  stoppedAt: number | null = null;

  constructor(private readonly input: Input) {}

  advance(): Tree {
    const { length } = this.input;
    const line = this.line();
    const head = new Tree(MAGIC, [], [], line);
    const rest = new Tree(BODY, [], [], Math.max(length - line - 1, 0));
    this.parsedPos = length;
    return line < length ? new Tree(CELL, [head, rest], [0, line + 1], length) : new Tree(CELL, [head], [0], length);
  }

  stopAt(position: number): void {
    this.stoppedAt = position;
  }

  private line(): number {
    const { length } = this.input;
    // Blank lines and comments may stand before the magic.
    const text = this.input.read(0, length);
    return lineEnd(text, TOP.exec(text)?.[0].length ?? 0);
  }
}
