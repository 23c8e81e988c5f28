import type { Pool } from 'pg'

/**
 * Lets every workload that is created from now on rest for a second between batches and cycles, whatever it was asked
 * for: the least that the API takes is ten seconds and a minute, and where a rest is not what a test is about it would
 * only wait. What the API says of the config stays, and the night is still one that the rules decided.
 */
export async function shortenRests(pool: Pool): Promise<void> {
  await pool.query(`
    CREATE FUNCTION test_short_rests() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
      field text;
    BEGIN
      FOREACH field IN ARRAY ARRAY['batchIntervalSeconds', 'cycleIntervalSeconds'] LOOP
        NEW.state := jsonb_set(NEW.state, ARRAY['rules', field], '1', false);
        NEW.state := jsonb_set(NEW.state, ARRAY['rules', 'fixedPace', field], '1', false);
        NEW.state := jsonb_set(NEW.state, ARRAY['pace', field], '1', false);
      END LOOP;
      RETURN NEW;
    END $$;
    CREATE TRIGGER test_short_rests BEFORE INSERT ON workloads FOR EACH ROW EXECUTE FUNCTION test_short_rests();
  `)
}
