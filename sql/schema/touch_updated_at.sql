-- One trigger function for every table of schema rsl that has updated_at.
CREATE FUNCTION rsl.touch_updated_at() RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- A load must leave exactly the values that the source has: stamping them would make the load inexact.
    IF rsl.load_writes('updated_at') THEN
        RETURN NEW;
    END IF;
    -- Whoever sets the column means it.
    IF NEW.updated_at IS DISTINCT FROM OLD.updated_at THEN
        RETURN NEW;
    END IF;
    NEW.updated_at := timezone('utc', now());
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION rsl.touch_updated_at() IS
    'Trigger function: sets updated_at (UTC) on UPDATE, unless the statement set it itself or a load brings it';
REVOKE ALL ON FUNCTION rsl.touch_updated_at() FROM PUBLIC;
