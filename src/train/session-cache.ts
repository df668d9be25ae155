import type { Program, Runtime, Session, Tensors } from "../graph/index.js";

/** Programs and their sessions by name, each made when first asked for. */
export interface SessionCache {
  /** The program of that name. */
  program(name: string, make: () => Program): Program;
  /** The session of that name. */
  session(name: string, make: () => Program): Promise<Session>;
  /** Frees the sessions. */
  close(): Promise<void>;
}

/** Nothing made yet. */
export function sessionCache(runtime: Runtime): SessionCache {
  const programs = new Map<string, Program>();
  const sessions = new Map<string, Promise<Session>>();
  const program: SessionCache["program"] = (name, make) => {
    const known = programs.get(name) ?? make();
    programs.set(name, known);
    return known;
  };
  return {
    program,
    session(name, make) {
      const opened = sessions.get(name) ?? runtime.load(program(name, make));
      sessions.set(name, opened);
      return opened;
    },
    async close() {
      const opened = await Promise.allSettled(sessions.values()); // one that could not be made was reported then
      sessions.clear();
      for (const result of opened) if (result.status === "fulfilled") await result.value.close();
    },
  };
}

/** Of tensors by name, those that the program has inputs for. */
export function declared({ graph }: Program, feeds: Tensors): Tensors {
  return Object.fromEntries(Object.entries(feeds).filter(([name]) => graph.inputs.has(name)));
}
