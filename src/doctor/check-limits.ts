import { type Check, checksOf } from "./check.js";
import type { LimitFacts } from "./limits.js";
import type { Plan } from "./plan.js";
import { count, limit } from "./words.js";

/** Node has four connections to a session, and one to its checkpoint. */
const FILES_PER_SESSION = 5;
/** What Node and the application open besides. */
const OTHER_FILES = 100;

const { ok, warning, problem } = checksOf("system");

/** Whether the planned sessions fit into what the system allows this user and this container. */
export function checkLimits(facts: LimitFacts, plan: Plan): Check[] {
  return [
    ...openFiles(facts, plan),
    ...userProcesses(facts, plan),
    ...tasks(facts, plan),
    ...overcommit(facts),
  ];
}

function openFiles({ openFiles: facts }: LimitFacts, { sessions }: Plan): Check[] {
  if (facts === null) return [];
  const { soft, hard, used } = facts;
  const name = "open files";
  const found = `${limit(soft)} (hard limit ${limit(hard)})`;
  if (soft === null) return [ok(name, found)];
  const fit = Math.max(0, Math.floor((soft - used - OTHER_FILES) / FILES_PER_SESSION));
  const room = `${found}: enough for about ${count(fit, "session")}, with 4 connections each, and 1 for its checkpoint`;
  if (fit >= sessions) return [ok(name, room)];
  const wanted = used + OTHER_FILES + sessions * FILES_PER_SESSION;
  return [problem(name, room, `ulimit -n ${wanted}; in a container, docker run --ulimit nofile=${wanted}`)];
}

function userProcesses({ userProcesses: facts }: LimitFacts, plan: Plan): Check[] {
  if (facts === null) return [];
  const { wanted, found, fits } = room(facts.soft, facts.used, plan);
  const name = "processes";
  if (fits) return [ok(name, found)];
  return [problem(name, found, `ulimit -u ${wanted}; in a container, docker run --ulimit nproc=${wanted}`)];
}

function tasks({ tasks: facts }: LimitFacts, plan: Plan): Check[] {
  if (facts === null) return [];
  const { wanted, found, fits } = room(facts.max, facts.used, plan);
  const name = "container tasks";
  if (fits) return [ok(name, found)];
  const fix = `docker run --pids-limit=${wanted} (Kubernetes: podPidsLimit of the kubelet)`;
  return [problem(name, `${found} (${facts.file})`, fix)];
}

/** A session is a process with its threads; its checkpoint is one more; the forkserver is one for all. */
function room(max: number, used: number, { sessions, threads }: Plan) {
  const each = threads + 1;
  const fit = Math.max(0, Math.floor((max - used - 1) / each));
  const found = `${used} of ${max} in use, threads among them: enough for about ${count(fit, "session")}`;
  return { found, fits: fit >= sessions, wanted: used + 1 + sessions * each };
}

function overcommit({ overcommit: mode }: LimitFacts): Check[] {
  const name = "overcommit";
  if (mode === null) return [];
  if (mode !== 2) return [ok(name, `vm.overcommit_memory is ${mode}: large processes can be forked`)];
  return [
    warning(
      name,
      "vm.overcommit_memory is 2: the fork of a large process fails when there is not twice its memory",
      "sysctl vm.overcommit_memory=0, as root on the host",
    ),
  ];
}
