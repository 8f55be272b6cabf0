-- The users of docker-compose.yml, who have the roles of docs/deploying.md and no more. PostgreSQL's image
-- runs this once, as its superuser, when it starts on an empty volume. Users and passwords are those of the
-- URLs in the secrets; a password is letters and digits.

\set ON_ERROR_STOP on
\if :{?secrets} \else \set secrets /run/secrets \endif
\set owner `cat :secrets/owner_database_url`
\set worker `cat :secrets/worker_database_url`
\set web `cat :secrets/web_database_url`
\set support `cat :secrets/support_database_url`
\set reader `cat :secrets/reader_database_url`

BEGIN;

-- Made here, so that the owner of the tables needs no right to create roles.
CREATE ROLE complaints_worker NOLOGIN;
CREATE ROLE complaints_admin NOLOGIN;
CREATE ROLE complaints_support NOLOGIN;
CREATE ROLE complaints_reader NOLOGIN;

CREATE TEMPORARY TABLE given (url text, member_of text) ON COMMIT DROP;
INSERT INTO given VALUES (:'owner', NULL), (:'worker', 'complaints_worker'), (:'web', 'complaints_admin'),
    (:'support', 'complaints_support'), (:'reader', 'complaints_reader');
CREATE TEMPORARY VIEW login AS
    SELECT part[1] AS name, part[2] AS password, part[3] AS database, member_of
    FROM given, regexp_match(url, '^postgresql://(\w+):([[:alnum:]]+)@[^/]+/(\w+)') AS part;

SELECT format('CREATE ROLE %I LOGIN PASSWORD %L', name, password) FROM login \gexec
SELECT format('GRANT %I TO %I', member_of, name) FROM login WHERE member_of IS NOT NULL \gexec
SELECT format('ALTER DATABASE %I OWNER TO %I', database, name) FROM login WHERE member_of IS NULL \gexec

-- Nobody else logs in to it, but for the superuser.
SELECT DISTINCT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', database) FROM login \gexec
SELECT format('GRANT CONNECT ON DATABASE %I TO %I', database, member_of)
    FROM login WHERE member_of IS NOT NULL \gexec

COMMIT;
