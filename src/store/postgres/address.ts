/**
 * Where a server is and how to reach it, read from a URL as libpq reads it and as hosts hand it out.
 * What cannot be done as the URL says is refused before anything connects. No error repeats what was
 * given, since a password may be anywhere in it.
 *
 * @module
 */
import { builtinModule } from "../../builtin_module.ts";

/** An address, as postgres.js takes it. */
export interface Address {
  /** Its options. */
  readonly driverOptions: Readonly<Record<string, unknown>>;
  /** What is sent when a session starts. */
  readonly parameters: Readonly<Record<string, string>>;
  /** How long to try to connect, in ms, if the URL has it. */
  readonly connectTimeoutMs: number | undefined;
  /** How many connections there may be, if the URL says so. */
  readonly connectionLimit: number | undefined;
  /** Whether the URL says that a pooler takes no prepared statements. */
  readonly isPooled: boolean;
}

/** Whether a text is meant as the URL of a Postgres server, well-formed or not. */
export function isPostgresUrl(text: string): boolean {
  return /^postgres(ql)?:/i.test(text);
}

/**
 * Reads a URL.
 *
 * @throws {TypeError} when it is none of Postgres, or asks for what cannot be done.
 */
export function readAddress(url: string): Address {
  const { authority, path, query } = split(url);
  const parameters = readQuery(query);
  const at = authority.lastIndexOf("@");
  const [user, password] = credentials(authority.slice(0, Math.max(at, 0)));
  const given = { user, password, database: decoded("database name", path) };
  const take = (name: string) => {
    const value = parameters.get(name);
    parameters.delete(name);
    return value;
  };
  const hosts = readHosts(authority.slice(at + 1), take);
  const session = readSession(take);
  const tls = readTls(take);
  const limits = readLimits(take);
  const driverOptions = {
    ...hosts,
    ...defined({
      user: take("user") ?? given.user,
      pass: take("password") ?? given.password,
      database: take("dbname") ?? given.database,
    }),
    ...session.driverOptions,
    ...tls,
    ...limits.driverOptions,
  };
  for (const name of acceptedAsTheyAre) parameters.delete(name);
  for (const [name, value] of parameters) refuse(name, value);
  const { parameters: sent } = session;
  const { connectTimeoutMs, connectionLimit, isPooled } = limits;
  return { driverOptions, parameters: sent, connectTimeoutMs, connectionLimit, isPooled };
}

type Take = (name: string) => string | undefined;

function split(url: string): { authority: string; path: string; query: string } {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase();
  if (!/^postgres(ql)?:\/\//i.test(url)) {
    const got = scheme !== undefined && knownSchemes.includes(scheme)
      ? `one that begins with ${scheme}:`
      : url === ""
      ? "an empty text"
      : "something else";
    throw new TypeError(`The URL must begin with postgres:// or postgresql://: got ${got}`);
  }
  const rest = url.slice(url.indexOf("//") + 2);
  // As libpq does it: a user's name and password are what comes before an @, up to the first slash.
  const slash = rest.indexOf("/");
  const first = slash < 0 ? rest : rest.slice(0, slash);
  const at = first.lastIndexOf("@");
  const mark = first.indexOf("?", at + 1);
  const authority = mark < 0 ? first : first.slice(0, mark);
  const tail = rest.slice(authority.length);
  if (tail.includes("@")) {
    throw new TypeError(
      "The URL must have no @ behind its host: write %40 there, and in a user's name or password " +
        "write / as %2F",
    );
  }
  const question = tail.indexOf("?");
  const path = question < 0 ? tail : tail.slice(0, question);
  return { authority, path: path.slice(1), query: question < 0 ? "" : tail.slice(question + 1) };
}

const knownSchemes: readonly string[] = [
  "jdbc",
  "mysql",
  "mariadb",
  "sqlite",
  "file",
  "http",
  "https",
  "redis",
  "rediss",
  "mongodb",
  "cockroachdb",
  "sqlserver",
];

function credentials(text: string): readonly [string | undefined, string | undefined] {
  const colon = text.indexOf(":");
  if (colon < 0) return [decoded("user's name", text), undefined];
  return [
    decoded("user's name", text.slice(0, colon)),
    decoded("password", text.slice(colon + 1)),
  ];
}

function readHosts(authority: string, take: Take): Readonly<Record<string, unknown>> {
  const given = splitHosts(authority);
  const hosts = (take("hostaddr") ?? take("host"))?.split(",") ?? given.map(([host]) => host);
  take("host");
  const ports = take("port")?.split(",") ?? given.map(([, port]) => port);
  if (ports.length > 1 && ports.length !== hosts.length) {
    throw new TypeError("The URL must have one port, or one for each host");
  }
  const numbers = ports.map(portOf);
  const all = hosts.map((host, i) => ({
    host,
    port: numbers.length === 1 ? numbers[0] : numbers[i],
  }));
  if (takeOneOf(take, "load_balance_hosts", ["disable", "random"]) === "random") shuffle(all);
  const [{ host, port } = { host: "", port: undefined }] = all;
  if (all.length > 1) {
    return { host: all.map((one) => one.host), port: all.map((one) => one.port ?? 5432) };
  }
  if (host.startsWith("/")) return { path: `${host}/.s.PGSQL.${port ?? 5432}` };
  // Of a name alone postgres.js takes what follows a colon for a port, as in IPv6.
  if (host.includes(":")) return { host: [host], port: [port ?? 5432] };
  return { ...(host === "" ? {} : { host }), ...(port === undefined ? {} : { port }) };
}

function splitHosts(authority: string): readonly (readonly [string, string])[] {
  return authority.split(",").map((one) => {
    const bracketed = /^\[([0-9a-f:.%]+)\](?::(.*))?$/i.exec(one);
    if (bracketed) return [bracketed[1]!, bracketed[2] ?? ""];
    const colon = one.indexOf(":");
    if (colon < 0) return [decoded("host", one) ?? "", ""];
    return [decoded("host", one.slice(0, colon)) ?? "", one.slice(colon + 1)];
  });
}

function portOf(text: string): number | undefined {
  if (text === "") return undefined;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= 65_535) return port;
  throw new TypeError(
    "The URL's port must be a number from 1 to 65535. In a user's name or password write : as " +
      "%3A, / as %2F and @ as %40",
  );
}

function readSession(take: Take): {
  readonly parameters: Readonly<Record<string, string>>;
  readonly driverOptions: Readonly<Record<string, unknown>>;
} {
  takeOneOf(take, "client_encoding", ["auto", "utf8", "utf-8", "unicode"]);
  const target = takeOneOf(take, "target_session_attrs", ["any", "read-write", "primary"]);
  const fallback = take("fallback_application_name");
  const parameters = defined({
    application_name: take("application_name") ?? fallback,
    options: take("options"),
  });
  return {
    parameters,
    driverOptions: target === undefined || target === "any" ? {} : { target_session_attrs: target },
  };
}

function readLimits(take: Take): {
  readonly driverOptions: Readonly<Record<string, unknown>>;
  readonly connectTimeoutMs: number | undefined;
  readonly connectionLimit: number | undefined;
  readonly isPooled: boolean;
} {
  const connectTimeout = takeNumber(take, "connect_timeout");
  const isKeptAlive = takeOneOf(take, "keepalives", ["0", "1"]) !== "0";
  const idle = takeNumber(take, "keepalives_idle");
  const keepAlive = isKeptAlive ? idle || undefined : 0;
  const limit = takeNumber(take, "connection_limit");
  const isPooled = takeOneOf(take, "pgbouncer", ["true", "false"]) === "true";
  const cacheSize = takeNumber(take, "statement_cache_size");
  return {
    driverOptions: defined({ keep_alive: keepAlive }),
    // As in libpq, where 0 is no limit.
    connectTimeoutMs: connectTimeout ? connectTimeout * 1_000 : undefined,
    connectionLimit: limit || undefined,
    isPooled: isPooled || cacheSize === 0,
  };
}

const sslModes = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full", "no-verify"];

function readTls(take: Take): Readonly<Record<string, unknown>> {
  const binding = takeOneOf(take, "channel_binding", ["disable", "prefer", "require"]);
  const negotiation = takeOneOf(take, "sslnegotiation", ["postgres", "direct"]);
  const root = take("sslrootcert");
  const mode = strictest(modeOf(take), root, binding);
  const files = {
    ca: root === undefined || root === "system" ? undefined : readPem("sslrootcert", root),
    cert: readPem("sslcert", take("sslcert")),
    key: readPem("sslkey", take("sslkey")),
    passphrase: take("sslpassword"),
    minVersion: tlsVersion(take, "ssl_min_protocol_version"),
    maxVersion: tlsVersion(take, "ssl_max_protocol_version"),
  };
  const direct = negotiation === "direct" ? { sslnegotiation: negotiation } : {};
  if (mode === undefined) return direct;
  return { ...direct, ssl: sslOf(mode, defined(files)) };
}

function modeOf(take: Take): string | undefined {
  const mode = takeOneOf(take, "sslmode", sslModes);
  const ssl = takeOneOf(take, "ssl", ["true", "false", "1", "0", "require", "no-verify"]);
  const isRequired = takeOneOf(take, "requiressl", ["0", "1"]) === "1";
  const accept = takeOneOf(take, "sslaccept", ["strict", "accept_invalid_certs"]);
  if (accept === "strict") return "verify-full";
  if (mode !== undefined) return mode;
  if (isRequired) return "require";
  if (ssl === undefined) return undefined;
  if (ssl === "no-verify") return ssl;
  return ssl === "false" || ssl === "0" ? "disable" : "require";
}

/**
 * A root certificate is there to be checked. postgres.js cannot bind a password to its channel, which
 * is to prove who the server is; its certificate proves that too.
 */
function strictest(
  mode: string | undefined,
  root: string | undefined,
  binding: string | undefined,
): string | undefined {
  if (binding === "require" && mode === "disable") {
    throw new TypeError("The URL must have TLS with channel_binding=require: got sslmode=disable");
  }
  if (binding === "require" || root === "system") return "verify-full";
  return root !== undefined && mode === "require" ? "verify-ca" : mode;
}

function sslOf(mode: string, files: Readonly<Record<string, unknown>>): unknown {
  switch (mode) {
    case "disable":
      return false;
    // Its own "allow" would insist on TLS.
    case "allow":
    case "prefer":
      return "prefer";
    case "verify-full":
      return { rejectUnauthorized: true, ...files };
    case "verify-ca":
      return { rejectUnauthorized: true, checkServerIdentity: () => undefined, ...files };
    default:
      return { rejectUnauthorized: false, ...files };
  }
}

function tlsVersion(take: Take, name: string): string | undefined {
  const versions = ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"];
  return takeOneOf(take, name, versions);
}

interface FileSystem {
  readonly readFileSync: (path: string, encoding: "utf8") => string;
}

function readPem(name: string, path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  const fs = builtinModule<FileSystem>("node:fs");
  if (fs === undefined) throw new TypeError(`${name} needs a runtime that reads files`);
  try {
    return fs.readFileSync(path, "utf8");
  } catch (cause) {
    const { code } = cause as { code?: unknown };
    throw new TypeError(`The file of ${name} in the URL cannot be read: ${code}`);
  }
}

function readQuery(query: string): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const part of query.split("&")) {
    if (part === "") continue;
    const equals = part.indexOf("=");
    if (equals < 0) throw new TypeError("Each parameter of the URL must be name=value");
    const name = decoded("parameter", part.slice(0, equals))!;
    parameters.set(name, decoded("parameter", part.slice(equals + 1)) ?? "");
  }
  return parameters;
}

/** A raw % is what it is where it begins no escape, as it may in a password. */
function decoded(what: string, text: string): string | undefined {
  if (text === "") return undefined;
  try {
    return decodeURIComponent(text.replaceAll(/%(?![0-9a-f]{2})/gi, "%25"));
  } catch {
    throw new TypeError(`The ${what} in the URL must be percent-encoded UTF-8`);
  }
}

function takeOneOf(take: Take, name: string, values: readonly string[]): string | undefined {
  const value = take(name);
  if (value === undefined) return undefined;
  const found = values.find((one) => one.toLowerCase() === value.toLowerCase());
  if (found !== undefined) return found;
  throw new TypeError(`${name} in the URL must be one of ${values.join(", ")}`);
}

function takeNumber(take: Take, name: string): number | undefined {
  const value = take(name);
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value);
  throw new TypeError(`${name} in the URL must be a whole number`);
}

/**
 * What needs nothing done: the limit of a call does the work of the first ones, the others are the
 * marks of a host or the only way there is.
 */
const acceptedAsTheyAre: readonly string[] = [
  "keepalives_interval",
  "keepalives_count",
  "tcp_user_timeout",
  "pool_timeout",
  "socket_timeout",
  "sslcompression",
  "supa",
  "workaround",
  "uselibpqcompat",
];

/** Some of libpq's that are often left at what they are: that is no demand. */
const idle: Readonly<Record<string, readonly string[]>> = {
  gssencmode: ["disable", "prefer"],
  sslcertmode: ["disable", "allow"],
  sslsni: ["1"],
  replication: ["false", "off", "no", "0"],
};

const refused: Readonly<Record<string, string>> = {
  schema: "give postgres() the option schema",
  search_path: "give postgres() the option schema",
  passfile: "give the password itself",
  service: "give the address itself",
  servicefile: "give the address itself",
};

function refuse(name: string, value: string): void {
  if (idle[name]?.includes(value)) return;
  // A name that is no libpq's may be a piece of a password.
  if (!libpqNames.includes(name)) {
    throw new TypeError(
      "The URL must have parameters that libpq knows: got another one. A setting of the session " +
        "goes into options=-c%20name%3Dvalue, and in a password ? is written as %3F",
    );
  }
  const way = refused[name];
  throw new TypeError(
    `${name} in the URL is not supported` + (way === undefined ? "" : `: ${way}`),
  );
}

const libpqNames: readonly string[] = [
  "gssencmode",
  "gssdelegation",
  "gsslib",
  "krbsrvname",
  "passfile",
  "replication",
  "require_auth",
  "requirepeer",
  "schema",
  "search_path",
  "service",
  "servicefile",
  "sslcertmode",
  "sslcrl",
  "sslcrldir",
  "sslsni",
  "sslkeylogfile",
  "scram_client_key",
  "scram_server_key",
  "min_protocol_version",
  "max_protocol_version",
  "oauth_issuer",
  "oauth_client_id",
  "oauth_client_secret",
  "oauth_scope",
];

function defined<T>(values: Readonly<Record<string, T | undefined>>): Record<string, T> {
  const kept = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(kept) as Record<string, T>;
}

function shuffle<T>(list: T[]): void {
  for (let i = list.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [list[i], list[j]] = [list[j]!, list[i]!];
  }
}
