// The part of anywidget's model that views use (https://anywidget.dev/en/afm/).

export type Listener = (message: { kind: string }, buffers?: DataView[]) => void;

export interface Model {
  get(name: string): string;
  on(name: "msg:custom", listener: Listener): void;
  on(name: "comm_live_update", listener: () => void): void;
  off(name: "msg:custom", listener: Listener): void;
  off(name: "comm_live_update", listener: () => void): void;
  send(message: unknown): void;
  widget_manager?: { get_model(id: string): Promise<WidgetModel | null> };
}

interface WidgetModel {
  comm_live: boolean;
  close(commClosed: boolean): void;
}
