/** Loaded into a service (`node --import …?bytes=100000000`): it is told a limit of so much memory, as by a container that has hardly enough. */
const bytes = Number(new URL(import.meta.url).searchParams.get('bytes'));
process.constrainedMemory = () => bytes;
