// Made by `make docs` from wasmnb/live/messages.py.

/** The sign that stands before a verdict, its colour, and what the verdict means. */
export interface SignMessage {
  sign: string;
  tone: "" | "good" | "warn" | "bad" | "quiet";
  meaning: string;
}

/** Whether the state of now is shown, and since when (seconds since the epoch). */
export interface FreshnessMessage {
  kind: "starting" | "live" | "stale" | "paused" | "ended";
  since: number;
  reason: string;
}

/** A plugin on a pod; the digest that runs, or the one that is wanted while nothing does. */
export interface PluginMessage {
  id: string;
  verdict: string;
  digest: string;
  reason: string;
}

/** Requests per second, and the share of them with a 5xx; null where the reason says why not. */
export interface RateMessage {
  requests: number | null;
  errors: number | null;
  reason: string;
}

/** A pod; ``ready`` is empty, and ``started`` null, for a proxy that is listed nowhere. */
export interface PodMessage {
  name: string;
  workload: string;
  ready: string;
  is_ready: boolean;
  status: string;
  restarts: number;
  started: number | null;
  reason: string;
  plugins: PluginMessage[];
  rate: RateMessage;
  problem: boolean;
}

/** The pods that changed since the paint before, and the names of those that are gone. */
export interface PodsPaintMessage {
  number: number;
  freshness: FreshnessMessage;
  rows: PodMessage[];
  gone: string[];
}

/** Every pod of a mesh, and the sign of each verdict. */
export interface PodsMessage {
  number: number;
  freshness: FreshnessMessage;
  rows: PodMessage[];
  gone: string[];
  mesh: string;
  signs: Record<string, SignMessage>;
}

/** A line of an answer, before and after; null where there was none. */
export interface HeaderMessage {
  name: string;
  before: string | null;
  after: string | null;
  change: string;
  sign: string;
  tone: "" | "good" | "warn" | "bad" | "quiet";
}

/** An answer, and when it came (seconds since the epoch). */
export interface CaptureMessage {
  rows: HeaderMessage[];
  status: string;
  tone: "" | "good" | "warn" | "bad" | "quiet";
  notes: string[];
  compared: boolean;
  pod: string;
  first: number;
  last: number;
  times: number;
}

/** The newest answer, at its place among those that differ; null when none came. */
export interface HeadersPaintMessage {
  number: number;
  freshness: FreshnessMessage;
  latest: number;
  length: number;
  entry: CaptureMessage | null;
}

/** Every answer that differed, in the order they first came. */
export interface HeadersMessage {
  number: number;
  freshness: FreshnessMessage;
  latest: number;
  length: number;
  entry: CaptureMessage | null;
  entries: CaptureMessage[];
  title: string;
}

/** A line of a log; ``text`` is as the proxy wrote it, and ``cell_line`` 0 where it is not known. */
export interface LogLineMessage {
  time: string;
  level: string;
  sign: string;
  tone: "" | "good" | "warn" | "bad" | "quiet";
  plugin: string;
  cell_line: number;
  message: string;
  text: string;
}

/** How many of the first lines are gone, how many of the next are as they were, and what comes behind them. */
export interface LogPaintMessage {
  number: number;
  freshness: FreshnessMessage;
  gone: number;
  kept: number;
  lines: LogLineMessage[];
}

/** Every line that is shown of a log, oldest first. */
export interface LogMessage {
  number: number;
  freshness: FreshnessMessage;
  gone: number;
  kept: number;
  lines: LogLineMessage[];
  title: string;
}

/** Something that can be done next, and the text of the cell that does it; ``edited``: also for an edited cell. */
export interface ActionMessage {
  label: string;
  source: string;
  edited: boolean;
}

/** Where the filter of a cell stands; the mark is that of the text that ran. */
export interface CellMessage {
  cell: string;
  mark: string;
  text: string;
  sign: string;
  tone: "" | "good" | "warn" | "bad" | "quiet";
  detail: string;
  still: string;
  about: string;
  actions: ActionMessage[];
}

/** What a compiler would have in place of a part of a cell. */
export interface EditMessage {
  line: number;
  column: number;
  end_line: number;
  end_column: number;
  text: string;
}

/** A compiler's suggestion: all the edits together. */
export interface FixMessage {
  title: string;
  edits: EditMessage[];
}

/** Something that is said of a place in a cell; lines and columns from 1, in characters, 0 where unknown. */
export interface MarkMessage {
  line: number;
  column: number;
  end_line: number;
  end_column: number;
  severity: "error" | "warning" | "info";
  message: string;
  notes: string[];
  fixes: FixMessage[];
}

/** All that one kind of witness says of a text of a cell; the mark is that of the text. */
export interface MarksMessage {
  cell: string;
  mark: string;
  kind: "compiler" | "test" | "trap";
  marks: MarkMessage[];
}

/** What became of a text of a cell that was not run; ready when all is done that can be done before its run. */
export interface DraftMessage {
  cell: string;
  mark: string;
  text: string;
  tone: "" | "good" | "warn" | "bad" | "quiet";
  about: string;
  ready: boolean;
}

/** A cell that shows a response, and the filters of which it may become a case; none when it shows none any more. */
export interface AnswerMessage {
  cell: string;
  filters: string[];
}

/** The cell with a filter's cases, of which the response below a cell now is one; or why it cannot be. */
export interface CaseMessage {
  cell: string;
  before: string;
  source: string;
  problem: string;
}

/** The mesh that is chosen, and what is worst on it. */
export interface MeshMessage {
  text: string;
  sign: string;
  tone: "" | "good" | "warn" | "bad" | "quiet";
  detail: string;
}

/** The cells of which something else is to be said than before, and the mesh as it is; null where none is chosen. */
export interface CellsMessage {
  mesh: MeshMessage | null;
  cells: CellMessage[];
  marks: MarksMessage[];
  drafts: DraftMessage[];
  answers: AnswerMessage[];
  cases: CaseMessage[];
}

/** A page is there and knows nothing yet, or it goes. */
export interface PageMessage {
  page: string;
  here: boolean;
}

/** What stands in a cell that is being edited; without a source, somebody types in it just now. */
export interface TypedMessage {
  cell: string;
  source: string | null;
}

/** The response below a cell is to become a case of a filter. */
export interface SaveMessage {
  cell: string;
  filter: string;
}
