import type { Tensor } from "../../core/index.js";
import type { Tensors } from "../../graph/index.js";
import type { InputType } from "../feeds.js";

/** What a worker is started with. */
export interface WorkerOptions {
  /** Threads that one operator may use. */
  readonly threads: number;
  /** Folder for a profile of each session. */
  readonly profile?: string;
}

/** What a worker can be asked, by the name of the request: what is sent and what comes back. */
export interface Requests {
  load: { readonly send: { readonly model: Uint8Array }; readonly reply: LoadedSession };
  run: { readonly send: RunRequest; readonly reply: RunReply };
  closeSession: { readonly send: { readonly session: number }; readonly reply: undefined };
  createState: { readonly send: { readonly tensors: Tensors }; readonly reply: number };
  readState: {
    readonly send: { readonly state: number; readonly names: readonly string[] };
    readonly reply: Record<string, Tensor>;
  };
  writeState: { readonly send: { readonly state: number; readonly tensors: Tensors }; readonly reply: undefined };
  closeState: { readonly send: { readonly state: number }; readonly reply: undefined };
}

/** A loaded model: its number, and what it takes and gives. */
export interface LoadedSession {
  readonly session: number;
  readonly inputs: Readonly<Record<string, InputType>>;
  readonly outputs: Readonly<Record<string, InputType>>;
}

export interface RunRequest {
  readonly session: number;
  readonly feeds: Tensors;
  /** Outputs to send back. */
  readonly outputs: readonly string[];
  /** The state to take missing inputs from, and the inputs whose `next/` outputs replace tensors in it. */
  readonly state?: { readonly id: number; readonly updates: readonly string[] };
  /** Output that must be finite for the state to change. */
  readonly guard?: string;
}

export interface RunReply {
  readonly outputs: Record<string, Tensor>;
  /** Whether the state was changed. */
  readonly updated: boolean;
}

/** The name of a request. */
export type RequestKind = keyof Requests;

/** A request on its way to the worker. */
export interface Envelope<K extends RequestKind = RequestKind> {
  readonly id: number;
  readonly kind: K;
  readonly body: Requests[K]["send"];
}

/** What is sent to the worker: a request, or that no further one will come. */
export type Message = Envelope | "close";

/** A reply on its way back. */
export type Answer =
  | { readonly id: number; readonly reply: unknown }
  | { readonly id: number; readonly failure: { readonly message: string; readonly node?: string } };
