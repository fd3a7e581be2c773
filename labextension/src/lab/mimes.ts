// Languages of JupyterLab below a magic line, under names of their own: no other cell is in them.

import type { IEditorLanguageRegistry } from "@jupyterlab/codemirror";
import type { EditorLanguage } from "./cell.ts";
import { mixed } from "./mixed.ts";

const WORDS: Record<EditorLanguage, string> = {
  "C++": "cpp",
  Rust: "rust",
  Go: "go",
  TypeScript: "assemblyscript",
  JSON: "json",
  YAML: "yaml",
  protobuf: "proto",
};

/** The MIME type of a cell with a magic line above a body in this language. */
export function mimeOf(language: EditorLanguage): string {
  return `text/x-wasmnb-${WORDS[language]}`;
}

/** Every MIME type of ours. */
export const MIMES: ReadonlySet<string> = new Set((Object.keys(WORDS) as EditorLanguage[]).map(mimeOf));

/** Make the languages known to the editors; each is loaded when a cell needs it. */
export function register(registry: IEditorLanguageRegistry): void {
  for (const [language, word] of Object.entries(WORDS)) {
    const name = `wasmnb-${word}`;
    registry.addLanguage({
      name,
      displayName: `${language} (wasmnb)`,
      mime: `text/x-wasmnb-${word}`,
      load: async () => {
        const found = await registry.getLanguage(language);
        if (!found?.support) throw new Error(`JupyterLab has no ${language}`);
        return mixed(name, found.support);
      },
    });
  }
}
