import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { inspect } from "node:util";
import fc from "fast-check";
import { postgres } from "../../src/store/postgres.ts";
import { readAddress } from "../../src/store/postgres/address.ts";

const base = "postgres://ann:secret@db.example.com:6543/shop";

/** Everything that an error shows, to whomever. */
function shown(error: unknown): string {
  return inspect(error, { depth: 10, showHidden: true }) + JSON.stringify(error) + String(error);
}

describe("the URL of a Postgres server", () => {
  test("is read as libpq reads it", () => {
    const { driverOptions } = readAddress(base);
    assert.deepEqual(driverOptions, {
      host: "db.example.com",
      port: 6543,
      user: "ann",
      pass: "secret",
      database: "shop",
    });
    const options = (url: string) => readAddress(url).driverOptions;
    assert.equal(options("postgres://h/My%20DB-1").database, "My DB-1");
    assert.deepEqual(options("postgresql:///shop"), { database: "shop" });
    assert.deepEqual(options("postgres://[::1]:5433/x"), {
      host: ["::1"],
      port: [5433],
      database: "x",
    });
    assert.deepEqual(options("postgres://a:1,b/x").host, ["a", "b"]);
    assert.deepEqual(options("postgres://a:1,b/x").port, [1, 5432]);
    assert.equal(options("postgres://%2Ftmp/x").path, "/tmp/.s.PGSQL.5432");
    assert.equal(options("postgres://u@/x?host=/tmp&port=7").path, "/tmp/.s.PGSQL.7");
    const other = options("postgres:///x?user=bob&password=p%26q&dbname=y&hostaddr=10.0.0.1");
    assert.deepEqual([other.user, other.pass, other.database], ["bob", "p&q", "y"]);
  });

  test("may be one that a host hands out", () => {
    const handedOut: Readonly<Record<string, unknown>> = {
      "sslmode=require": { rejectUnauthorized: false },
      "sslmode=no-verify": { rejectUnauthorized: false },
      "sslmode=prefer": "prefer",
      "sslmode=allow": "prefer",
      "sslmode=disable": false,
      "sslmode=verify-full": { rejectUnauthorized: true },
      // Neon: postgres.js cannot bind to the channel, so the certificate is checked.
      "sslmode=require&channel_binding=require": { rejectUnauthorized: true },
      "sslmode=require&options=endpoint%3Dep-cool-1": { rejectUnauthorized: false },
      "sslmode=verify-full&sslrootcert=system": { rejectUnauthorized: true },
      "ssl=true": { rejectUnauthorized: false },
      "pgbouncer=true&connection_limit=1": undefined,
      "pgbouncer=true&connect_timeout=15&pool_timeout=15&sslmode=require": {
        rejectUnauthorized: false,
      },
      "sslmode=require&supa=base-pooler.x": { rejectUnauthorized: false },
      "target_session_attrs=read-write&application_name=shop&keepalives=1": undefined,
      "gssencmode=disable&client_encoding=utf8&sslsni=1": undefined,
    };
    for (const [query, ssl] of Object.entries(handedOut)) {
      assert.deepEqual(readAddress(`${base}?${query}`).driverOptions.ssl, ssl, query);
    }
    const { parameters, isPooled, connectionLimit, connectTimeoutMs } = readAddress(
      `${base}?options=-c%20search_path%3Dx&application_name=shop&pgbouncer=true` +
        "&connection_limit=2&connect_timeout=15",
    );
    assert.deepEqual(parameters, { application_name: "shop", options: "-c search_path=x" });
    assert.deepEqual([isPooled, connectionLimit, connectTimeoutMs], [true, 2, 15_000]);
  });

  test("is refused in a sentence where it asks for what cannot be done", async () => {
    const refused: Readonly<Record<string, RegExp>> = {
      "": /^The URL must begin with postgres:\/\/ or postgresql:\/\/: got an empty text$/,
      "jdbc:postgresql://h/x?user=a&password=secret": /got one that begins with jdbc:$/,
      "mysql://u:secret@h/x": /got one that begins with mysql:$/,
      "admin:secret@h": /got something else$/,
      "postgres:h": /got something else$/,
      [`${base}?sslmode=maybe`]: /^sslmode in the URL must be one of disable, allow,/,
      [`${base}?sslmode=disable&channel_binding=require`]: /channel_binding=require/,
      [`${base}?sslrootcert=/nowhere/ca.pem`]: /^The file of sslrootcert in the URL cannot be read/,
      [`${base}?target_session_attrs=standby`]: /^target_session_attrs in the URL must be one of/,
      [`${base}?service=shop`]: /^service in the URL is not supported: give the address itself$/,
      [`${base}?schema=shop`]: /^schema in the URL is not supported: give postgres\(\) the option/,
      [`${base}?gssencmode=require`]: /^gssencmode in the URL is not supported$/,
      [`${base}?client_encoding=latin1`]: /^client_encoding in the URL must be one of/,
      [`${base}?statement_timeout=5`]: /^The URL must have parameters that libpq knows/,
      "postgres://u:p/secret@h/x": /^The URL must have no @ behind its host/,
      "postgres://u:secret/x": /^The URL's port must be a number/,
      "postgres://h:99999/x": /^The URL's port must be a number/,
      "postgres://u:%ff@h/x": /^The password in the URL must be percent-encoded UTF-8$/,
    };
    for (const [url, message] of Object.entries(refused)) {
      await assert.rejects(postgres(url), (error: Error) => {
        assert.ok(error instanceof TypeError, `${url}: ${error}`);
        assert.match(error.message, message);
        assert.doesNotMatch(shown(error), /secret/);
        return true;
      });
    }
  });

  test("keeps a password as it is, encoded or raw, and no error holds it", async () => {
    const marked = fc.stringMatching(/^[#?%:@&=+ a-z0-9]{0,6}$/).map((text) => `Zq7${text}7qZ`);
    await fc.assert(
      fc.asyncProperty(marked, fc.boolean(), async (password, isRaw) => {
        const written = isRaw ? password : encodeURIComponent(password);
        const isPlain = !/%[0-9a-f]{2}/.test(password) || !isRaw;
        const url = `postgres://ann:${written}@127.0.0.1:1/shop`;
        if (isPlain) assert.equal(readAddress(url).driverOptions.pass, password);
        const urls = [url, `${url}?sslmode=no`, `${url}?password=${written}&x=y`, url.slice(9)];
        for (const one of urls) {
          await assert.rejects(postgres(one, { connectTimeoutMs: 1 }), (error) => {
            assert.ok(!shown(error).includes("Zq7"), shown(error));
            return true;
          });
        }
      }),
      { numRuns: 30 },
    );
  });
});
