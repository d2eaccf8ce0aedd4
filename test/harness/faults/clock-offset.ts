/** Loaded into a service (`node --import …?minutes=10`): its wall clock is wrong by so much; timers and monotonic time are not. */
const offsetMs = Number(new URL(import.meta.url).searchParams.get('minutes')) * 60_000;
const truth = Date.now.bind(Date);
Date.now = () => truth() + offsetMs;
