-- Runs inside the server, in a session whose client has hung up, and stops the
-- server when no process has held a lease for the idle time. Time is counted in
-- turns of the loop, so a clock that jumps or a laptop that sleeps expires
-- nothing. It must say nothing: a message to the lost client would end it.
DO $reaper$
DECLARE
    idle_turns int := 0;
    allowed    double precision;
BEGIN
    IF NOT pg_try_advisory_lock({{reaper}}) THEN
        RETURN; -- another reaper runs
    END IF;
    LOOP
        PERFORM pg_sleep(0.2);
        COMMIT; -- a new snapshot of pg_stat_activity, and no old transaction
        SELECT idle_seconds INTO allowed FROM seedbed.server;
        IF allowed IS NULL OR NOT pg_try_advisory_lock({{lease}}) THEN
            idle_turns := 0;
            CONTINUE;
        END IF;
        -- From here on no lease can be taken: a process that asks now waits, and
        -- loses its session with the rest if the server stops.
        IF EXISTS (SELECT FROM pg_stat_activity
                   WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
                     AND wait_event IS DISTINCT FROM 'advisory') THEN
            idle_turns := 0; -- a person looks at a kept database
        ELSE
            idle_turns := idle_turns + 1;
            IF idle_turns * 0.2 >= allowed THEN
                COPY (SELECT 1) TO PROGRAM {{stop}};
                PERFORM pg_sleep(600);
                RETURN;
            END IF;
        END IF;
        PERFORM pg_advisory_unlock({{lease}});
    END LOOP;
END
$reaper$
