-- The tables of a database at revision 0002 as its program left them: an old first revision made all at once.
CREATE TABLE fh_alembic_version (
	version_num VARCHAR(32) NOT NULL,
	CONSTRAINT fh_alembic_version_pkc PRIMARY KEY (version_num)
);
CREATE TABLE fh_delivery (
	guid TEXT NOT NULL,
	event TEXT NOT NULL,
	payload BLOB NOT NULL,
	received BIGINT NOT NULL,
	done BIGINT,
	error TEXT,
	PRIMARY KEY (guid)
);
CREATE INDEX fh_delivery_open ON fh_delivery (done, received);
CREATE TABLE fh_task (
	id TEXT NOT NULL,
	parent TEXT,
	flow TEXT NOT NULL,
	source TEXT NOT NULL,
	delivery TEXT,
	installation BIGINT NOT NULL,
	repository TEXT NOT NULL,
	number INTEGER,
	actor TEXT NOT NULL,
	argument JSON NOT NULL,
	active_key TEXT,
	concurrency_group TEXT,
	state TEXT NOT NULL,
	cancel TEXT,
	result JSON,
	posted JSON NOT NULL,
	created BIGINT NOT NULL,
	started BIGINT,
	ended BIGINT,
	PRIMARY KEY (id),
	UNIQUE (active_key)
);
CREATE INDEX fh_task_target ON fh_task (repository, number);
CREATE INDEX fh_task_state ON fh_task (state);
CREATE TABLE fh_task_event (
	id INTEGER NOT NULL,
	task TEXT NOT NULL,
	at BIGINT NOT NULL,
	kind TEXT NOT NULL,
	data JSON NOT NULL,
	PRIMARY KEY (id)
);
CREATE INDEX fh_task_event_task ON fh_task_event (task, id);
CREATE TABLE fh_attempt (
	task TEXT NOT NULL,
	step TEXT NOT NULL,
	count INTEGER NOT NULL,
	PRIMARY KEY (task, step)
);
CREATE TABLE fh_artifact (
	id INTEGER NOT NULL,
	task TEXT NOT NULL,
	kind TEXT NOT NULL,
	name TEXT NOT NULL,
	model TEXT,
	blob TEXT NOT NULL,
	scores JSON,
	created BIGINT NOT NULL,
	PRIMARY KEY (id),
	UNIQUE (task, kind, name)
);
CREATE TABLE fh_blob (
	hash TEXT NOT NULL,
	data BLOB NOT NULL,
	PRIMARY KEY (hash)
);
CREATE TABLE fh_model_call (
	task TEXT NOT NULL,
	step TEXT NOT NULL,
	role TEXT NOT NULL,
	model TEXT NOT NULL,
	state TEXT NOT NULL,
	repository TEXT NOT NULL,
	day TEXT NOT NULL,
	reserved FLOAT NOT NULL,
	cost FLOAT,
	input_tokens INTEGER,
	output_tokens INTEGER,
	cached_tokens INTEGER,
	seconds FLOAT,
	reply JSON,
	created BIGINT NOT NULL,
	PRIMARY KEY (task, step)
);
CREATE INDEX fh_model_call_day ON fh_model_call (day, repository);
CREATE TABLE fh_outcome (
	task TEXT NOT NULL,
	kind TEXT NOT NULL,
	data JSON NOT NULL,
	at BIGINT NOT NULL,
	PRIMARY KEY (task)
);
CREATE TABLE fh_finding (
	fingerprint TEXT NOT NULL,
	repository TEXT NOT NULL,
	number INTEGER NOT NULL,
	task TEXT NOT NULL,
	rule TEXT NOT NULL,
	state TEXT NOT NULL,
	comment BIGINT,
	reason TEXT DEFAULT '' NOT NULL,
	actor TEXT,
	data JSON NOT NULL,
	updated BIGINT NOT NULL,
	PRIMARY KEY (fingerprint, repository, number)
);
CREATE INDEX fh_finding_target ON fh_finding (repository, number);
CREATE TABLE fh_installation (
	id BIGINT NOT NULL,
	account TEXT NOT NULL,
	state TEXT NOT NULL,
	permissions JSON NOT NULL,
	updated BIGINT NOT NULL,
	PRIMARY KEY (id)
);
CREATE TABLE fh_repository (
	id BIGINT NOT NULL,
	installation BIGINT NOT NULL,
	full_name TEXT NOT NULL,
	updated BIGINT NOT NULL,
	PRIMARY KEY (id)
);
CREATE TABLE fh_audit (
	id INTEGER NOT NULL,
	at BIGINT NOT NULL,
	task TEXT,
	delivery TEXT,
	repository TEXT,
	actor TEXT,
	action TEXT NOT NULL,
	allowed BOOLEAN NOT NULL,
	reason TEXT NOT NULL,
	PRIMARY KEY (id)
);
CREATE TABLE fh_heartbeat (
	executor TEXT NOT NULL,
	seen BIGINT NOT NULL,
	PRIMARY KEY (executor)
);
INSERT INTO fh_alembic_version VALUES ('0002');
