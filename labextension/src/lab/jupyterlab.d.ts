// The parts of JupyterLab 4.2 and newer that are used here, as its own packages declare them. The packages themselves
// come with hundreds of others, and none of them is bundled.

declare module "@jupyterlab/notebook" {
  import type { Cell, ICodeCellModel } from "@jupyterlab/cells";
  import type { Signal, Token } from "@lumino/coreutils";

  export interface CellList {
    readonly length: number;
    readonly changed: Signal<CellList, unknown>;
    get(index: number): ICodeCellModel;
  }
  export interface Comm {
    readonly isDisposed: boolean;
    /** Not there before JupyterLab 4.4; null where the kernel has none. */
    readonly subshellId?: string | null;
    onMsg: (message: { content: { data: unknown } }) => void;
    onClose: (message: unknown) => void;
    send(data: Record<string, string | boolean | null>): unknown;
    dispose(): void;
  }
  interface Broadcast {
    readonly header: { readonly msg_type: string };
    readonly parent_header: { readonly msg_id?: string };
    readonly content: { readonly code?: string; readonly execution_state?: string };
  }
  interface Kernel {
    readonly handleComms: boolean;
    readonly status: string;
    createComm(target: string, id: string): Comm;
  }
  export interface SessionContext {
    readonly isDisposed: boolean;
    readonly ready: Promise<void>;
    readonly session: { readonly kernel: Kernel | null } | null;
    readonly kernelChanged: Signal<SessionContext, unknown>;
    readonly statusChanged: Signal<SessionContext, string>;
    readonly connectionStatusChanged: Signal<SessionContext, string>;
    readonly iopubMessage: Signal<SessionContext, Broadcast>;
  }
  export interface NotebookModel {
    readonly cells: CellList;
    readonly sharedModel: {
      insertCell(index: number, cell: { cell_type: "code" | "markdown"; source: string }): unknown;
      deleteCellRange(from: number, to: number): void;
    };
  }
  /** A notebook, in however many views it is open. */
  export interface Context {
    readonly ready: Promise<void>;
    readonly model: NotebookModel | null;
    readonly sessionContext: SessionContext;
    save(): Promise<void>;
  }
  export interface NotebookPanel {
    readonly context: Context;
    readonly content: {
      readonly model: NotebookModel | null;
      readonly modelChanged: Signal<unknown, unknown>;
      readonly codeMimetype: string;
      readonly widgets: readonly Cell[];
      activeCellIndex: number;
      deselectAll(): void;
      mode: "command" | "edit";
    };
    readonly isDisposed: boolean;
    readonly disposed: Signal<NotebookPanel, unknown>;
  }
  export interface INotebookTracker {
    readonly widgetAdded: Signal<INotebookTracker, NotebookPanel>;
    readonly activeCell: Cell | null;
    readonly currentWidget: NotebookPanel | null;
    readonly currentChanged: Signal<INotebookTracker, NotebookPanel | null>;
    forEach(each: (panel: NotebookPanel) => void): void;
  }
  export const INotebookTracker: Token<INotebookTracker>;
}

declare module "@jupyterlab/cells" {
  import type { EditorView } from "@codemirror/view";
  import type { Signal } from "@lumino/coreutils";

  export interface ICodeCellModel {
    readonly id: string;
    readonly type: string;
    mimeType: string;
    readonly mimeTypeChanged: Signal<ICodeCellModel, unknown>;
    readonly sharedModel: {
      getSource(): string;
      setSource(source: string): void;
      readonly changed: Signal<unknown, { sourceChange?: unknown }>;
    };
    readonly isDisposed: boolean;
  }
  interface Position {
    readonly line: number;
    readonly column: number;
  }
  interface CodeMirrorEditor {
    readonly editor: EditorView;
    setCursorPosition(position: Position): void;
    revealPosition(position: Position): void;
    focus(): void;
  }
  export interface Cell {
    readonly model: ICodeCellModel;
    readonly node: HTMLElement;
    /** None before the cell has been in view. */
    readonly editor: CodeMirrorEditor | null;
    readonly ready: Promise<void>;
    readonly inViewportChanged: Signal<Cell, boolean>;
    readonly isDisposed: boolean;
    readonly disposed: Signal<Cell, unknown>;
  }
}

declare module "@jupyterlab/codemirror" {
  import type { LanguageSupport } from "@codemirror/language";
  import type { Token } from "@lumino/coreutils";

  export interface IEditorLanguage {
    readonly name: string;
    readonly displayName?: string;
    readonly mime: string;
    readonly extensions?: readonly string[];
    support?: LanguageSupport;
    load?(): Promise<LanguageSupport>;
  }
  export interface IEditorLanguageRegistry {
    addLanguage(language: IEditorLanguage): void;
    getLanguage(name: string): Promise<IEditorLanguage | null>;
  }
  export const IEditorLanguageRegistry: Token<IEditorLanguageRegistry>;
}

declare module "@jupyterlab/application" {
  interface CommandOptions {
    label: string;
    caption: string;
    isEnabled?: () => boolean;
    execute: (args: { cwd?: string }) => unknown;
  }
  export interface JupyterFrontEnd {
    readonly commands: {
      addCommand(id: string, options: CommandOptions): unknown;
      execute(id: string, args: Record<string, string>): Promise<unknown>;
    };
  }
}

declare module "@jupyterlab/apputils" {
  import type { Token } from "@lumino/coreutils";

  export interface ICommandPalette {
    addItem(item: { command: string; category: string }): unknown;
  }
  export const ICommandPalette: Token<ICommandPalette>;
}

declare module "@jupyterlab/launcher" {
  import type { Token } from "@lumino/coreutils";

  export interface ILauncher {
    add(item: { command: string; category: string; rank: number; kernelIconUrl: string }): unknown;
  }
  export const ILauncher: Token<ILauncher> | undefined;
}

declare module "@jupyterlab/settingregistry" {
  import type { Token } from "@lumino/coreutils";

  export interface ISettingRegistry {
    load(plugin: string): Promise<{ get(key: string): { composite: unknown } }>;
  }
  export const ISettingRegistry: Token<ISettingRegistry>;
}

declare module "@jupyterlab/statusbar" {
  import type { Token } from "@lumino/coreutils";
  import type { Widget } from "@lumino/widgets";

  export interface IStatusBar {
    registerStatusItem(id: string, item: { item: Widget; align: "left" | "right"; rank: number }): unknown;
  }
  export const IStatusBar: Token<IStatusBar> | undefined;
}

declare module "@lumino/widgets" {
  export class Widget {
    constructor(options: { node: HTMLElement });
    readonly node: HTMLElement;
  }
}

declare module "@lumino/coreutils" {
  export interface Token<T> {
    readonly name: string;
    /** Only there so that a token of one type is none of another. */
    readonly type?: T;
  }
  export interface Signal<Sender, Args> {
    connect(slot: (sender: Sender, args: Args) => void, context?: unknown): boolean;
    disconnect(slot: (sender: Sender, args: Args) => void, context?: unknown): boolean;
  }
}

declare module "*.css" {
  const text: string;
  export default text;
}
