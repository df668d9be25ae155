/** Tells notices on the error stream, the same one once. */
export function onceEach(): (notice: string) => void {
  const told = new Set<string>();
  return (notice) => {
    if (!told.has(notice)) process.stderr.write(`${notice}\n`);
    told.add(notice);
  };
}
