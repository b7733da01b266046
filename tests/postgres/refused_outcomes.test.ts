import { describe } from "node:test";
import client from "postgres";
import { postgres } from "../../src/store/postgres.ts";
import { testRefusedOutcomes } from "../refused_outcomes.ts";
import { openTestDatabase, whyNoDatabase } from "./database.ts";

describe("a Postgres that refuses a row", { skip: whyNoDatabase }, () => {
  testRefusedOutcomes(async () => {
    const database = await openTestDatabase();
    const store = await postgres(database.url);
    const sql = client(database.url, { max: 1, onnotice: () => {} });
    return {
      store,
      refuseResults: async (word) => {
        await sql.unsafe(
          "alter table hammerwork.ended add constraint no_result " +
            `check (result::text not like '%${word}%')`,
        );
      },
      refuseEnds: async (id) => {
        await sql.unsafe(`
          create function no_end() returns trigger language plpgsql as $$ begin
            if new.sequence = (select sequence from hammerwork.enqueued where id = '${id}') then
              raise exception 'it is not allowed here';
            end if;
            return new;
          end $$;
          create trigger no_end before insert on hammerwork.ended
            for each row execute function no_end();
          create trigger no_end before insert or update on hammerwork.progress
            for each row execute function no_end()`);
      },
      [Symbol.asyncDispose]: async () => {
        await sql.end();
        await store.close();
        await database.drop();
      },
    };
  });
});
