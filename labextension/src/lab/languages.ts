// Made by `make docs` from the languages of wasmnb/compile.

/** The languages of filters: how lines and files name them, and what their sources alone have. */
export const LANGUAGES = [
  {"word": "cpp", "name": "C++", "spellings": ["c++", "cc", "cxx"], "suffixes": [".cc", ".cpp", ".cxx", ".c++", ".C", ".c"], "signs": ["^\\s*#\\s*(?:include|define|pragma|if|ifdef|ifndef)\\b", "\\bRegisterContextFactory\\b", "\\bclass\\s+\\w+\\s*(?:final\\s*)?:\\s*(?:public\\s+)?\\w+", "\\bstd::\\w+", "\\bFilter(?:Headers|Data|Trailers)Status\\b[^V]", "\\bstatic_cast<|\\bextern\\s+\\\"C\\\""]},
  {"word": "rust", "name": "Rust", "spellings": ["rs"], "suffixes": [".rs"], "signs": ["^\\s*use\\s+\\w+(?:::|;)", "\\bproxy_wasm::", "^\\s*(?:unsafe\\s+)?impl\\b[^;{]*\\{", "\\bfn\\s+\\w+\\s*[(<]", "^\\s*#!?\\[\\w+", "\\blet\\s+mut\\b"]},
  {"word": "go", "name": "Go", "spellings": ["golang"], "suffixes": [".go"], "signs": ["^\\s*package\\s+\\w+\\s*$", "^\\s*import\\s*(?:\\(|\\\"[\\w./-]+\\\"\\s*$)", "^\\s*func\\s*(?:\\([^)]*\\)\\s*)?\\w+\\s*\\(", "\\bproxywasm\\.", "^\\s*type\\s+\\w+\\s+(?:struct|interface)\\b", "\\w\\s*:=\\s"]},
  {"word": "assemblyscript", "name": "AssemblyScript", "spellings": ["as", "ts", "typescript"], "suffixes": [".ts"], "signs": ["^\\s*import\\s*(?:\\{|\\*\\s+as\\b|\\\")[^;]*?(?:from\\s*)?\\\"@?[\\w./-]+\\\"", "^\\s*export\\s+(?:\\*|\\{|class|function|const|default)", "\\bregisterRootContext\\b", "\\bclass\\s+\\w+\\s+extends\\s+\\w+", "^\\s*(?:export\\s+)?function\\s+\\w+\\s*\\(", "\\w\\s*\\)?\\s*:\\s*(?:[ui](?:8|16|32|64)|usize|bool|string|void)\\b"]},
] as const;
