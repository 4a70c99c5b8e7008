-- Written by tools/sqlite_schema.py: what the migrations make of an empty database.
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
CREATE TABLE blob (
	hash VARCHAR(64) NOT NULL, 
	codec VARCHAR(8) NOT NULL, 
	size INTEGER NOT NULL, 
	body BLOB NOT NULL, 
	stored_at DATETIME NOT NULL, base_id INTEGER, 
	CONSTRAINT pk_blob PRIMARY KEY (hash)
);
CREATE TABLE "recipient" (
	id BIGINT NOT NULL, 
	title TEXT NOT NULL, 
	language VARCHAR(8) DEFAULT 'zh' NOT NULL, 
	added_at DATETIME NOT NULL, 
	active BOOLEAN DEFAULT 1 NOT NULL, kind VARCHAR(16) DEFAULT 'private' NOT NULL, telegram_id BIGINT, thread_id BIGINT, channel VARCHAR(64), access VARCHAR(8) DEFAULT '' NOT NULL, digest VARCHAR(32) DEFAULT 'off' NOT NULL, quiet_hours VARCHAR(16) DEFAULT 'off' NOT NULL, timezone VARCHAR(64) DEFAULT 'Asia/Shanghai' NOT NULL, muted_until DATETIME, defer_until DATETIME, 
	CONSTRAINT pk_chat PRIMARY KEY (id)
);
CREATE TABLE source (
	id VARCHAR(64) NOT NULL, 
	name TEXT NOT NULL, 
	region TEXT, 
	document_kind VARCHAR(16) NOT NULL, 
	enabled BOOLEAN DEFAULT 1 NOT NULL, 
	added_at DATETIME NOT NULL, 
	last_visit_at DATETIME, 
	last_ok_at DATETIME, 
	last_outcome VARCHAR(16), 
	last_reason TEXT, 
	failures INTEGER DEFAULT '0' NOT NULL, 
	next_visit_at DATETIME, health VARCHAR(8) DEFAULT 'ok' NOT NULL, health_since DATETIME, last_new_at DATETIME, exceptions TEXT, paused_at DATETIME, paused_until DATETIME, pause_reason TEXT, 
	CONSTRAINT pk_source PRIMARY KEY (id)
);
CREATE TABLE document (
	id INTEGER NOT NULL, 
	source_id VARCHAR(64), 
	kind VARCHAR(16) NOT NULL, 
	region TEXT, 
	year INTEGER, 
	title TEXT NOT NULL, 
	url TEXT, 
	published DATE, 
	first_seen_at DATETIME NOT NULL, 
	baseline BOOLEAN NOT NULL, 
	snapshot_id INTEGER, 
	successor_id INTEGER, withdrawn_at DATETIME, plan_key TEXT, removed_at DATETIME, removed_snapshot_id INTEGER, 
	CONSTRAINT pk_document PRIMARY KEY (id), 
	CONSTRAINT fk_document_source_id FOREIGN KEY(source_id) REFERENCES source (id), 
	CONSTRAINT fk_document_succeeded_by_id FOREIGN KEY(successor_id) REFERENCES document (id)
);
CREATE INDEX ix_document_series ON document (kind, region, year);
CREATE INDEX ix_document_source_id ON document (source_id);
CREATE TABLE list_page (
	source_id VARCHAR(64) NOT NULL, 
	url TEXT NOT NULL, 
	etag TEXT, 
	last_modified TEXT, 
	body_hash VARCHAR(64), 
	first_ok_at DATETIME, 
	last_visit_at DATETIME, 
	last_outcome VARCHAR(16), 
	last_status INTEGER, shown TEXT, body_read_at DATETIME, 
	CONSTRAINT pk_list_page PRIMARY KEY (source_id, url), 
	CONSTRAINT fk_list_page_source_id FOREIGN KEY(source_id) REFERENCES source (id)
);
CREATE TABLE subscription (
	recipient_id BIGINT NOT NULL, 
	rule_id VARCHAR(64) NOT NULL, 
	since DATETIME NOT NULL, 
	CONSTRAINT pk_subscription PRIMARY KEY (recipient_id, rule_id), 
	CONSTRAINT fk_subscription_chat_id FOREIGN KEY(recipient_id) REFERENCES "recipient" (id)
);
CREATE TABLE snapshot (
	id INTEGER NOT NULL, 
	document_id INTEGER, 
	frontier_entry_id INTEGER, 
	visited_at DATETIME NOT NULL, 
	outcome VARCHAR(16) NOT NULL, 
	reason TEXT NOT NULL, 
	status INTEGER, 
	url TEXT, 
	content_type TEXT, 
	blob_hash VARCHAR(64), 
	text_hash VARCHAR(64) NOT NULL, 
	title TEXT NOT NULL, 
	published DATE, 
	request TEXT, response TEXT, published_from TEXT, characters INTEGER DEFAULT '0' NOT NULL, 
	CONSTRAINT pk_snapshot PRIMARY KEY (id), 
	CONSTRAINT fk_snapshot_address_id FOREIGN KEY(frontier_entry_id) REFERENCES "frontier_entry" (id), 
	CONSTRAINT fk_snapshot_blob_hash FOREIGN KEY(blob_hash) REFERENCES blob (hash), 
	CONSTRAINT fk_snapshot_document_id FOREIGN KEY(document_id) REFERENCES document (id)
);
CREATE INDEX ix_snapshot_document_id ON snapshot (document_id);
CREATE INDEX ix_snapshot_text_hash ON snapshot (text_hash);
CREATE TABLE statement (
	id INTEGER NOT NULL, 
	snapshot_id INTEGER NOT NULL, 
	document_id INTEGER NOT NULL, 
	topic VARCHAR(64) NOT NULL, 
	text TEXT NOT NULL, 
	start_offset INTEGER NOT NULL, 
	end_offset INTEGER NOT NULL, 
	label VARCHAR(16) NOT NULL, 
	speaker VARCHAR(16) NOT NULL, 
	region TEXT, 
	year INTEGER, 
	themes TEXT NOT NULL, 
	section TEXT NOT NULL, in_scope BOOLEAN DEFAULT 1 NOT NULL, first_version_id INTEGER CONSTRAINT fk_statement_first_version_id REFERENCES statement (id), source_name TEXT, person TEXT, person_title TEXT, origin VARCHAR(8) DEFAULT 'live' NOT NULL, first_seen_at DATETIME, 
	CONSTRAINT pk_statement PRIMARY KEY (id), 
	CONSTRAINT fk_statement_document_id FOREIGN KEY(document_id) REFERENCES document (id), 
	CONSTRAINT fk_statement_snapshot_id FOREIGN KEY(snapshot_id) REFERENCES snapshot (id)
);
CREATE INDEX ix_statement_snapshot_id ON statement (snapshot_id);
CREATE TABLE change (
	id INTEGER NOT NULL, 
	detected_at DATETIME NOT NULL, 
	document_id INTEGER NOT NULL, 
	snapshot_id INTEGER NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	basis VARCHAR(16) NOT NULL, 
	region TEXT, 
	topic VARCHAR(64) NOT NULL, 
	before_id INTEGER, 
	after_id INTEGER, 
	similarity FLOAT NOT NULL, 
	summary TEXT NOT NULL, 
	identity VARCHAR(80) NOT NULL, score FLOAT, nearest_text TEXT, certainty VARCHAR(8) DEFAULT 'sure' NOT NULL, origin VARCHAR(8) DEFAULT 'live' NOT NULL, 
	CONSTRAINT pk_change PRIMARY KEY (id), 
	CONSTRAINT fk_change_after_id FOREIGN KEY(after_id) REFERENCES statement (id), 
	CONSTRAINT fk_change_before_id FOREIGN KEY(before_id) REFERENCES statement (id), 
	CONSTRAINT fk_change_document_id FOREIGN KEY(document_id) REFERENCES document (id), 
	CONSTRAINT fk_change_snapshot_id FOREIGN KEY(snapshot_id) REFERENCES snapshot (id), 
	CONSTRAINT uq_change_identity UNIQUE (identity)
);
CREATE INDEX ix_change_detected_at ON change (detected_at);
CREATE INDEX ix_change_snapshot_id ON change (snapshot_id);
CREATE TABLE target (
	id INTEGER NOT NULL, 
	statement_id INTEGER NOT NULL, 
	position INTEGER NOT NULL, 
	metric TEXT NOT NULL, 
	op VARCHAR(16) NOT NULL, 
	value FLOAT NOT NULL, 
	unit TEXT NOT NULL, 
	year INTEGER, 
	raw TEXT NOT NULL, 
	CONSTRAINT pk_target PRIMARY KEY (id), 
	CONSTRAINT fk_target_statement_id FOREIGN KEY(statement_id) REFERENCES statement (id), 
	CONSTRAINT uq_target_statement_id_position UNIQUE (statement_id, position)
);
CREATE TABLE delta (
	id INTEGER NOT NULL, 
	change_id INTEGER NOT NULL, 
	position INTEGER NOT NULL, 
	metric TEXT NOT NULL, 
	unit TEXT NOT NULL, 
	"before" FLOAT, 
	"after" FLOAT, 
	CONSTRAINT pk_delta PRIMARY KEY (id), 
	CONSTRAINT fk_delta_change_id FOREIGN KEY(change_id) REFERENCES change (id), 
	CONSTRAINT uq_delta_change_id_position UNIQUE (change_id, position)
);
CREATE TRIGGER change_no_delete BEFORE DELETE ON change BEGIN SELECT RAISE(ABORT, 'change is append-only'); END;
CREATE TRIGGER delta_no_update BEFORE UPDATE ON delta BEGIN SELECT RAISE(ABORT, 'delta is append-only'); END;
CREATE TRIGGER delta_no_delete BEFORE DELETE ON delta BEGIN SELECT RAISE(ABORT, 'delta is append-only'); END;
CREATE TRIGGER statement_no_delete BEFORE DELETE ON statement BEGIN SELECT RAISE(ABORT, 'statement is append-only'); END;
CREATE TRIGGER target_no_update BEFORE UPDATE ON target BEGIN SELECT RAISE(ABORT, 'target is append-only'); END;
CREATE TRIGGER target_no_delete BEFORE DELETE ON target BEGIN SELECT RAISE(ABORT, 'target is append-only'); END;
CREATE TRIGGER snapshot_no_delete BEFORE DELETE ON snapshot BEGIN SELECT RAISE(ABORT, 'snapshot is append-only'); END;
CREATE TABLE corroboration (
	statement_id INTEGER NOT NULL, 
	commitment_id INTEGER NOT NULL, 
	share FLOAT NOT NULL, 
	noted_at DATETIME NOT NULL, 
	CONSTRAINT pk_corroboration PRIMARY KEY (statement_id), 
	CONSTRAINT fk_corroboration_statement_id FOREIGN KEY(statement_id) REFERENCES statement (id), 
	CONSTRAINT fk_corroboration_commitment_id FOREIGN KEY(commitment_id) REFERENCES statement (id)
);
CREATE INDEX ix_corroboration_commitment_id ON corroboration (commitment_id);
CREATE TRIGGER corroboration_no_update BEFORE UPDATE ON corroboration BEGIN SELECT RAISE(ABORT, 'corroboration is append-only'); END;
CREATE TRIGGER corroboration_no_delete BEFORE DELETE ON corroboration BEGIN SELECT RAISE(ABORT, 'corroboration is append-only'); END;
CREATE TABLE "text_fingerprint" (
	hash BIGINT NOT NULL, 
	document_id INTEGER NOT NULL, 
	CONSTRAINT pk_sketch PRIMARY KEY (hash, document_id), 
	CONSTRAINT fk_sketch_document_id FOREIGN KEY(document_id) REFERENCES document (id)
)
 WITHOUT ROWID

;
CREATE TABLE "source_health_event" (
	id INTEGER NOT NULL, 
	source_id VARCHAR(64) NOT NULL, 
	at DATETIME NOT NULL, 
	health VARCHAR(8) NOT NULL, 
	was VARCHAR(8) NOT NULL, 
	since DATETIME NOT NULL, 
	outcome VARCHAR(16) NOT NULL, 
	reason TEXT NOT NULL, 
	CONSTRAINT pk_source_event PRIMARY KEY (id), 
	CONSTRAINT fk_source_event_source_id FOREIGN KEY(source_id) REFERENCES source (id)
);
CREATE INDEX ix_source_new ON source (document_kind, last_new_at);
CREATE TABLE robots (
	origin TEXT NOT NULL, 
	text TEXT, 
	read_at DATETIME NOT NULL, 
	CONSTRAINT pk_robots PRIMARY KEY (origin)
);
CREATE INDEX ix_subscription_rule_id ON subscription (rule_id);
CREATE TABLE "custom_rule" (
	id VARCHAR(64) NOT NULL, 
	name TEXT NOT NULL, 
	body TEXT NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_own_rule PRIMARY KEY (id)
);
CREATE TABLE mute (
	recipient_id BIGINT NOT NULL, 
	rule_id VARCHAR(64) NOT NULL, 
	until DATETIME, 
	CONSTRAINT pk_mute PRIMARY KEY (recipient_id, rule_id)
);
CREATE TABLE notice (
	id INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	text TEXT NOT NULL, 
	about BIGINT, 
	CONSTRAINT pk_notice PRIMARY KEY (id)
);
CREATE TABLE switch (
	name VARCHAR(16) NOT NULL, 
	since DATETIME NOT NULL, 
	"by" TEXT NOT NULL, 
	CONSTRAINT pk_switch PRIMARY KEY (name)
);
CREATE INDEX ix_snapshot_frontier_entry_id ON snapshot (frontier_entry_id);
CREATE INDEX ix_source_health_event_source_id ON source_health_event (source_id);
CREATE UNIQUE INDEX uq_recipient_thread ON recipient (telegram_id, thread_id);
CREATE UNIQUE INDEX uq_recipient_channel ON recipient (channel);
CREATE TABLE "frontier_entry" (
	id INTEGER NOT NULL, 
	url TEXT NOT NULL, 
	source_id VARCHAR(64) NOT NULL, 
	document_id INTEGER, 
	title TEXT NOT NULL, 
	listed DATE, 
	baseline BOOLEAN NOT NULL, 
	first_seen_at DATETIME NOT NULL, 
	etag TEXT, 
	last_modified TEXT, 
	body_hash VARCHAR(64), 
	text_hash VARCHAR(64), 
	last_visit_at DATETIME, 
	next_visit_at DATETIME, 
	last_outcome VARCHAR(16), 
	last_status INTEGER, 
	last_reason TEXT, 
	failures INTEGER DEFAULT '0' NOT NULL, 
	suspect_hash VARCHAR(64), 
	suspect_count INTEGER DEFAULT '0' NOT NULL, 
	suspect_since DATETIME, page_fingerprint TEXT, identity TEXT, body_read_at DATETIME, 
	CONSTRAINT pk_frontier_entry PRIMARY KEY (id), 
	CONSTRAINT fk_frontier_entry_document_id FOREIGN KEY(document_id) REFERENCES document (id), 
	CONSTRAINT fk_frontier_entry_source_id FOREIGN KEY(source_id) REFERENCES source (id), 
	CONSTRAINT uq_frontier_entry_url UNIQUE (url)
);
CREATE INDEX ix_frontier_entry_document_id ON frontier_entry (document_id);
CREATE INDEX ix_frontier_entry_due ON frontier_entry (source_id, next_visit_at);
CREATE INDEX ix_frontier_entry_identity ON frontier_entry (identity);
CREATE TABLE alert (
	id INTEGER NOT NULL, 
	recipient_id BIGINT NOT NULL, 
	document_id INTEGER, 
	snapshot_id INTEGER, 
	event_id INTEGER, 
	priority INTEGER DEFAULT '0' NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	created_at DATETIME NOT NULL, 
	not_before DATETIME NOT NULL, 
	leased_until DATETIME, 
	attempts INTEGER DEFAULT '0' NOT NULL, 
	sent_at DATETIME, 
	message_id BIGINT, 
	error TEXT, kind VARCHAR(8) DEFAULT 'changes' NOT NULL, leased_by VARCHAR(32), in_flight_since DATETIME, possibly_duplicate BOOLEAN DEFAULT 0 NOT NULL, digest_id INTEGER CONSTRAINT fk_alert_digest_id REFERENCES alert (id), notice_id INTEGER CONSTRAINT fk_alert_notice_id REFERENCES notice (id), waiting_for VARCHAR(16), text TEXT, 
	CONSTRAINT pk_alert PRIMARY KEY (id), 
	CONSTRAINT fk_alert_document_id FOREIGN KEY(document_id) REFERENCES document (id), 
	CONSTRAINT fk_alert_snapshot_id FOREIGN KEY(snapshot_id) REFERENCES snapshot (id), 
	CONSTRAINT fk_alert_event_id FOREIGN KEY(event_id) REFERENCES "source_health_event" (id), 
	CONSTRAINT uq_alert_recipient_id_snapshot_id UNIQUE (recipient_id, snapshot_id), 
	CONSTRAINT uq_alert_recipient_id_event_id UNIQUE (recipient_id, event_id)
);
CREATE INDEX ix_alert_due ON alert (state, not_before);
CREATE UNIQUE INDEX uq_alert_notice ON alert (recipient_id, notice_id);
CREATE INDEX ix_alert_digest_id ON alert (digest_id);
CREATE INDEX ix_alert_recipient ON alert (recipient_id, state);
CREATE TABLE "fulfilment" (
	id INTEGER NOT NULL, 
	commitment_id INTEGER NOT NULL, 
	position INTEGER NOT NULL, 
	snapshot_id INTEGER NOT NULL, 
	due INTEGER NOT NULL, 
	verdict VARCHAR(16) NOT NULL, 
	achievement_id INTEGER, 
	achieved FLOAT, 
	unit TEXT, 
	assessed_at DATETIME NOT NULL, predates_log BOOLEAN DEFAULT 0 NOT NULL, 
	CONSTRAINT pk_fulfilment PRIMARY KEY (id), 
	CONSTRAINT fk_fulfilment_commitment_id FOREIGN KEY(commitment_id) REFERENCES statement (id), 
	CONSTRAINT fk_fulfilment_snapshot_id FOREIGN KEY(snapshot_id) REFERENCES snapshot (id), 
	CONSTRAINT fk_fulfilment_achievement_id FOREIGN KEY(achievement_id) REFERENCES statement (id), 
	CONSTRAINT uq_fulfilment_commitment_id_position_snapshot_id UNIQUE (commitment_id, position, snapshot_id)
);
CREATE INDEX ix_fulfilment_snapshot_id ON fulfilment (snapshot_id);
CREATE TRIGGER fulfilment_no_delete BEFORE DELETE ON fulfilment BEGIN SELECT RAISE(ABORT, 'fulfilment is append-only'); END;
CREATE VIEW source_health_events AS 
SELECT e.id AS event_id, e.at, e.source_id, src.name, src.region, e.health, e.was, e.since,
       e.outcome, e.reason
FROM source_health_event e
JOIN source src ON src.id = e.source_id;
CREATE INDEX ix_change_after_id ON change (after_id);
CREATE TRIGGER fulfilment_no_update BEFORE UPDATE ON fulfilment BEGIN SELECT RAISE(ABORT, 'fulfilment is append-only'); END;
CREATE VIEW provenance AS 
SELECT sn.id AS snapshot_id, sn.document_id, sn.visited_at, sn.outcome, sn.reason, sn.url,
       sn.status, sn.content_type, sn.request, sn.response,
       sn.blob_hash, b.size AS bytes, b.codec, sn.text_hash, sn.published, sn.published_from
FROM snapshot sn
LEFT JOIN blob b ON b.hash = sn.blob_hash;
CREATE INDEX ix_document_plan_key ON document (plan_key);
CREATE TABLE current_statement (
	statement_id INTEGER NOT NULL, 
	document_id INTEGER NOT NULL, 
	document_kind VARCHAR(16) NOT NULL, 
	label VARCHAR(16) NOT NULL, 
	speaker VARCHAR(16) NOT NULL, 
	region TEXT, 
	year INTEGER, 
	topic VARCHAR(64) NOT NULL, 
	themes TEXT NOT NULL, 
	source_name TEXT, 
	metric TEXT, 
	op VARCHAR(16), 
	value FLOAT, 
	unit TEXT, 
	target_year INTEGER, 
	in_force_until DATE, 
	superseded_by_id INTEGER, 
	repeats_id INTEGER, 
	holds_until DATE, 
	CONSTRAINT pk_current_statement PRIMARY KEY (statement_id), 
	CONSTRAINT fk_current_statement_statement_id FOREIGN KEY(statement_id) REFERENCES statement (id), 
	CONSTRAINT fk_current_statement_document_id FOREIGN KEY(document_id) REFERENCES document (id), 
	CONSTRAINT fk_current_statement_superseded_by_id FOREIGN KEY(superseded_by_id) REFERENCES document (id), 
	CONSTRAINT fk_current_statement_repeats_id FOREIGN KEY(repeats_id) REFERENCES statement (id)
);
CREATE INDEX ix_current_statement_document_id ON current_statement (document_id);
CREATE INDEX ix_current_statement_in_force ON current_statement (label, region, holds_until, year, topic, themes, speaker, metric) WHERE holds_until IS NOT NULL;
CREATE INDEX ix_current_statement_region ON current_statement (region, superseded_by_id, year);
CREATE INDEX ix_current_statement_repeats ON current_statement (repeats_id) WHERE repeats_id IS NOT NULL;
CREATE TABLE current_target (
	statement_id INTEGER NOT NULL, 
	position INTEGER NOT NULL, 
	document_id INTEGER NOT NULL, 
	document_kind VARCHAR(16) NOT NULL, 
	label VARCHAR(16) NOT NULL, 
	speaker VARCHAR(16) NOT NULL, 
	region TEXT, 
	year INTEGER, 
	topic VARCHAR(64) NOT NULL, 
	themes TEXT NOT NULL, 
	source_name TEXT, 
	due INTEGER, 
	metric TEXT NOT NULL, 
	op VARCHAR(16) NOT NULL, 
	value FLOAT NOT NULL, 
	unit TEXT NOT NULL, 
	target_year INTEGER, 
	canonical_metric TEXT NOT NULL, 
	canonical_value FLOAT NOT NULL, 
	canonical_unit TEXT NOT NULL, 
	in_force_until DATE, 
	holds_until DATE, 
	plan_year INTEGER, 
	verdict VARCHAR(16), 
	achieved FLOAT, 
	achieved_unit TEXT, 
	achievement_id INTEGER, 
	assessed_at DATETIME, 
	review_id INTEGER, 
	CONSTRAINT pk_current_target PRIMARY KEY (statement_id, position), 
	CONSTRAINT fk_current_target_statement_id FOREIGN KEY(statement_id) REFERENCES statement (id), 
	CONSTRAINT fk_current_target_document_id FOREIGN KEY(document_id) REFERENCES document (id), 
	CONSTRAINT fk_current_target_achievement_id FOREIGN KEY(achievement_id) REFERENCES statement (id), 
	CONSTRAINT fk_current_target_review_id FOREIGN KEY(review_id) REFERENCES document (id)
);
CREATE INDEX ix_current_target_document_id ON current_target (document_id);
CREATE INDEX ix_current_target_in_force ON current_target (region, canonical_metric, canonical_unit, holds_until, due, op, canonical_value) WHERE holds_until IS NOT NULL;
CREATE INDEX ix_current_target_metric ON current_target (canonical_metric, region, due);
CREATE INDEX ix_current_target_plan_plan_year ON current_target (plan_year, region, verdict) WHERE plan_year IS NOT NULL;
CREATE INDEX ix_current_target_plan_region ON current_target (region, plan_year, verdict) WHERE plan_year IS NOT NULL;
CREATE INDEX ix_current_target_plan_verdict ON current_target (verdict, plan_year, region) WHERE plan_year IS NOT NULL;
CREATE INDEX ix_current_target_plan_due ON current_target (due, plan_year, verdict) WHERE plan_year IS NOT NULL;
CREATE TABLE reference_day (
	id INTEGER NOT NULL, 
	day DATE NOT NULL, 
	CONSTRAINT pk_reference_day PRIMARY KEY (id)
);
CREATE INDEX ix_statement_region ON statement (region, label, year);
CREATE INDEX ix_change_document ON change (document_id, basis, kind);
CREATE INDEX ix_change_kind ON change (kind, detected_at);
CREATE INDEX ix_change_region_detected_at ON change (region, detected_at);
CREATE TRIGGER statement_no_update BEFORE UPDATE ON statement BEGIN SELECT RAISE(ABORT, 'statement is append-only'); END;
CREATE TRIGGER change_no_update BEFORE UPDATE ON change BEGIN SELECT RAISE(ABORT, 'change is append-only'); END;
CREATE VIEW statements AS 
SELECT s.id AS statement_id, s.region, s.year, s.label, s.speaker, s.topic, s.themes, s.text,
       s.section, t.metric, t.op, t.value, t.unit, t.year AS target_year, t.raw,
       s.source_name, s.person, s.person_title,
       s.document_id, doc.kind AS document_kind, doc.title AS document_title,
       doc.url, doc.published, doc.source_id, doc.withdrawn_at,
       s.snapshot_id, s.start_offset, s.end_offset,
       COALESCE(s.first_version_id, s.id) AS first_version_id, s.origin, s.first_seen_at,
       cs.statement_id IS NOT NULL AS is_current,
       cs.holds_until IS NOT NULL AND cs.holds_until >= (SELECT day FROM reference_day)
         AS in_force,
       cs.in_force_until, cs.superseded_by_id AS superseded_by, cs.repeats_id AS repeats
FROM statement s
LEFT JOIN current_statement cs ON cs.statement_id = s.id
LEFT JOIN target t ON t.statement_id = s.id AND t.position = 0
LEFT JOIN document doc ON doc.id = s.document_id
WHERE s.in_scope;
CREATE VIEW corroborations AS 
SELECT co.commitment_id,
       (SELECT s.region FROM statement s WHERE s.id = co.commitment_id) AS region,
       (SELECT s.year FROM statement s WHERE s.id = co.commitment_id) AS year,
       (SELECT s.topic FROM statement s WHERE s.id = co.commitment_id) AS topic,
       (SELECT s.text FROM statement s WHERE s.id = co.commitment_id) AS commitment_text,
       (SELECT s.document_id FROM statement s WHERE s.id = co.commitment_id) AS report_id,
       (SELECT doc.title FROM statement s JOIN document doc ON doc.id = s.document_id
          WHERE s.id = co.commitment_id) AS report_title,
       (SELECT doc.url FROM statement s JOIN document doc ON doc.id = s.document_id
          WHERE s.id = co.commitment_id) AS report_url,
       co.statement_id,
       (SELECT s.text FROM statement s WHERE s.id = co.statement_id) AS article_text,
       (SELECT s.speaker FROM statement s WHERE s.id = co.statement_id) AS speaker,
       co.share, co.noted_at,
       (SELECT s.document_id FROM statement s WHERE s.id = co.statement_id) AS article_id,
       (SELECT doc.title FROM statement s JOIN document doc ON doc.id = s.document_id
          WHERE s.id = co.statement_id) AS article_title,
       (SELECT doc.url FROM statement s JOIN document doc ON doc.id = s.document_id
          WHERE s.id = co.statement_id) AS article_url,
       (SELECT doc.published FROM statement s JOIN document doc ON doc.id = s.document_id
          WHERE s.id = co.statement_id) AS published,
       (SELECT doc.source_id FROM statement s JOIN document doc ON doc.id = s.document_id
          WHERE s.id = co.statement_id) AS source_id,
       (SELECT s.source_name FROM statement s WHERE s.id = co.statement_id) AS source_name,
       (SELECT s.person FROM statement s WHERE s.id = co.statement_id) AS person,
       (SELECT s.person_title FROM statement s WHERE s.id = co.statement_id) AS person_title,
       (SELECT s.origin FROM statement s WHERE s.id = co.statement_id) AS origin
FROM corroboration co;
CREATE VIEW target_fulfilment AS 
SELECT ct.statement_id, ct.position, ct.region, ct.topic, ct.themes,
       ct.plan_year, ct.due, ct.verdict, ct.metric, ct.op, ct.value AS promised, ct.unit,
       (SELECT t.raw FROM target t WHERE t.statement_id = ct.statement_id
          AND t.position = ct.position) AS raw,
       ct.achieved, ct.achieved_unit,
       (SELECT s.text FROM statement s WHERE s.id = ct.statement_id) AS commitment_text,
       (SELECT s.text FROM statement s WHERE s.id = ct.achievement_id) AS review_text,
       ct.assessed_at, ct.document_id AS report_id,
       (SELECT doc.title FROM document doc WHERE doc.id = ct.document_id) AS report_title,
       (SELECT doc.url FROM document doc WHERE doc.id = ct.document_id) AS report_url,
       ct.review_id,
       (SELECT doc.title FROM document doc WHERE doc.id = ct.review_id) AS review_title,
       (SELECT doc.url FROM document doc WHERE doc.id = ct.review_id) AS review_url
FROM current_target ct
WHERE ct.plan_year IS NOT NULL;
CREATE VIEW metric_series AS 
SELECT my.region, my.metric, my.unit, my.year, my.promised, my.promised_op,
       my.promised_id AS promised_statement_id, my.reached, my.reached_op,
       my.reached_id AS reached_statement_id
FROM metric_year my;
CREATE VIEW alert_log AS 
SELECT al.id AS alert_id, al.recipient_id,
       CASE WHEN al.state = 'in_digest' THEN digest.state ELSE al.state END AS state,
       al.created_at, al.not_before, al.waiting_for,
       COALESCE(al.sent_at, digest.sent_at) AS sent_at, al.attempts,
       COALESCE(al.message_id, digest.message_id) AS message_id,
       COALESCE(al.error, digest.error) AS error,
       CASE WHEN al.kind = 'digest'
            THEN (SELECT COUNT(DISTINCT ac.change_id) FROM alert_change ac
                  JOIN alert part ON part.id = ac.alert_id WHERE part.digest_id = al.id)
            ELSE (SELECT COUNT(DISTINCT ac.change_id) FROM alert_change ac
                  WHERE ac.alert_id = al.id)
       END AS changes,
       COALESCE(al.text, digest.text) AS text,
       doc.id AS document_id, doc.region, doc.title AS document_title, doc.url, doc.published,
       al.event_id, al.kind, al.digest_id, al.notice_id, al.possibly_duplicate,
       rec.title AS recipient_title, rec.telegram_id, rec.thread_id, rec.channel
FROM alert al
LEFT JOIN alert digest ON digest.id = al.digest_id
LEFT JOIN document doc ON doc.id = al.document_id
LEFT JOIN recipient rec ON rec.id = al.recipient_id;
CREATE TABLE feedback_entry (
	id INTEGER NOT NULL, 
	change_id INTEGER NOT NULL, 
	recipient_id BIGINT NOT NULL, 
	person BIGINT NOT NULL, 
	before_text TEXT, 
	after_text TEXT, 
	kind VARCHAR(16) NOT NULL, 
	at DATETIME NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	operator TEXT, 
	decided_at DATETIME, 
	note TEXT, 
	CONSTRAINT pk_feedback_entry PRIMARY KEY (id), 
	CONSTRAINT fk_feedback_entry_change_id FOREIGN KEY(change_id) REFERENCES change (id), 
	CONSTRAINT uq_feedback_entry_change_id_person UNIQUE (change_id, person)
);
CREATE INDEX ix_feedback_entry_state ON feedback_entry (state, change_id);
CREATE INDEX ix_feedback_entry_recipient_id ON feedback_entry (recipient_id);
CREATE VIEW feedback AS 
SELECT f.id AS feedback_id, f.change_id, f.at AS given_at, f.kind, f.state,
       f.before_text, f.after_text, c.kind AS change_kind, c.region, c.topic,
       f.recipient_id, f.person, f.operator, f.decided_at, f.note,
       doc.id AS document_id, doc.title AS document_title, doc.url
FROM feedback_entry f
JOIN change c ON c.id = f.change_id
JOIN document doc ON doc.id = c.document_id;
CREATE VIEW change_log AS 
SELECT c.id AS change_id, c.detected_at, c.origin, c.kind, c.basis, c.region, c.topic,
       s.themes, s.label, s.speaker, s.year, c.summary,
       b.text AS before_text, a.text AS after_text, s.section,
       d.metric, d.unit, d.before AS before_value, d.after AS after_value, c.similarity,
       c.score, c.certainty, c.nearest_text,
       s.start_offset, s.end_offset, c.snapshot_id,
       c.document_id, doc.kind AS document_kind, doc.title AS document_title,
       doc.url, doc.published, doc.source_id, src.name AS source_name,
       s.source_name AS statement_source_name, s.person, s.person_title,
       c.before_id AS before_statement_id, c.after_id AS after_statement_id,
       (SELECT MIN(f.kind) FROM feedback_entry f
          WHERE f.change_id = c.id AND f.state = 'confirmed') AS corrected
FROM change c
LEFT JOIN document doc ON doc.id = c.document_id
LEFT JOIN source src ON src.id = doc.source_id
LEFT JOIN statement b ON b.id = c.before_id
LEFT JOIN statement a ON a.id = c.after_id
LEFT JOIN statement s
  ON s.id = CASE WHEN a.in_scope AND c.basis <> 'fulfilment' THEN c.after_id ELSE c.before_id END
LEFT JOIN delta d ON d.change_id = c.id AND d.position = 0;
CREATE TABLE document_removal (
	id INTEGER NOT NULL, 
	document_id INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	action VARCHAR(8) NOT NULL, 
	reason TEXT NOT NULL, 
	CONSTRAINT pk_document_removal PRIMARY KEY (id), 
	CONSTRAINT fk_document_removal_document_id FOREIGN KEY(document_id) REFERENCES document (id)
);
CREATE INDEX ix_document_removal_document_id ON document_removal (document_id);
CREATE TABLE commitment_year (
	statement_id INTEGER NOT NULL, 
	commitment_id INTEGER NOT NULL, 
	region TEXT, 
	first_year INTEGER NOT NULL, 
	last_year INTEGER NOT NULL, 
	years INTEGER NOT NULL, 
	year INTEGER NOT NULL, 
	text TEXT NOT NULL, 
	metric TEXT, 
	op VARCHAR(16), 
	value FLOAT, 
	unit TEXT, 
	kind VARCHAR(16), 
	change_id INTEGER, 
	merged_into INTEGER, 
	document_id INTEGER NOT NULL, 
	CONSTRAINT pk_commitment_year PRIMARY KEY (statement_id), 
	CONSTRAINT fk_commitment_year_statement_id FOREIGN KEY(statement_id) REFERENCES statement (id), 
	CONSTRAINT fk_commitment_year_commitment_id FOREIGN KEY(commitment_id) REFERENCES statement (id), 
	CONSTRAINT fk_commitment_year_change_id FOREIGN KEY(change_id) REFERENCES change (id), 
	CONSTRAINT fk_commitment_year_merged_into FOREIGN KEY(merged_into) REFERENCES statement (id), 
	CONSTRAINT fk_commitment_year_document_id FOREIGN KEY(document_id) REFERENCES document (id)
);
CREATE INDEX ix_commitment_year_commitment_id ON commitment_year (commitment_id);
CREATE INDEX ix_commitment_year_longest ON commitment_year (last_year, years, commitment_id);
CREATE INDEX ix_commitment_year_region ON commitment_year (region, last_year, years, commitment_id);
CREATE VIEW commitment_history AS 
SELECT y.commitment_id, y.region,
       (SELECT s.topic FROM statement s WHERE s.id = y.statement_id) AS topic,
       (SELECT s.themes FROM statement s WHERE s.id = y.statement_id) AS themes,
       y.first_year, y.last_year, y.years, y.statement_id, y.year, y.text,
       (SELECT s.in_scope FROM statement s WHERE s.id = y.statement_id) AS in_scope,
       y.metric, y.op, y.value, y.unit, y.kind, y.change_id, y.merged_into, y.document_id,
       (SELECT doc.url FROM document doc WHERE doc.id = y.document_id) AS url
FROM commitment_year y;
CREATE VIRTUAL TABLE statement_words USING fts5(pairs, content='', detail=none, columnsize=0, tokenize=ascii);
CREATE INDEX ix_current_target_region ON current_target (region, document_kind);
CREATE TABLE heartbeat (
	loop VARCHAR(16) NOT NULL, 
	host VARCHAR(255) NOT NULL, 
	process_id INTEGER NOT NULL, 
	version VARCHAR(64) NOT NULL, 
	started_at DATETIME NOT NULL, 
	at DATETIME NOT NULL, 
	CONSTRAINT pk_heartbeat PRIMARY KEY (loop, host)
);
CREATE TABLE lease (
	name VARCHAR(32) NOT NULL, 
	holder VARCHAR(32) NOT NULL, 
	host VARCHAR(255) NOT NULL, 
	process_id INTEGER NOT NULL, 
	machine VARCHAR(128) NOT NULL, 
	process_started VARCHAR(32) NOT NULL, 
	acquired_at DATETIME NOT NULL, 
	renewed_at DATETIME NOT NULL, 
	renewals INTEGER NOT NULL, 
	CONSTRAINT pk_lease PRIMARY KEY (name)
);
CREATE VIEW source_health AS 
SELECT src.id AS source_id, src.name, src.region, src.enabled,
       src.health, src.health_since,
       src.last_visit_at, src.last_ok_at, src.last_outcome, src.last_reason, src.failures,
       src.next_visit_at, src.added_at, src.last_new_at, src.exceptions,
       src.paused_at, src.paused_until, src.pause_reason,
       (SELECT COUNT(*) FROM frontier_entry f WHERE f.source_id = src.id) AS addresses,
       (SELECT COUNT(*) FROM frontier_entry f WHERE f.source_id = src.id
          AND f.last_outcome IN ('blocked', 'empty', 'shrunk')) AS suspect_addresses,
       (SELECT COUNT(*) FROM frontier_entry f WHERE f.source_id = src.id
          AND f.last_outcome IN ('error', 'gone')) AS failing_addresses,
       (SELECT COUNT(*) FROM document d WHERE d.source_id = src.id) AS documents,
       (SELECT MAX(d.first_seen_at) FROM document d WHERE d.source_id = src.id)
          AS newest_document_at,
       (SELECT COUNT(*) FROM document d WHERE d.source_id = src.id
          AND d.withdrawn_at IS NOT NULL) AS withdrawn_documents,
       (SELECT COUNT(*) FROM document d JOIN snapshot sn ON sn.id = d.snapshot_id
          WHERE d.source_id = src.id AND sn.outcome = 'partial') AS partial_documents
FROM source src;
CREATE VIEW region_summary AS 
SELECT r.region, newest.id AS report_id, newest.title AS report_title, newest.url AS report_url,
       newest.year AS report_year, newest.published AS report_published,
       COALESCE(standing.commitments, 0) AS commitments,
       COALESCE(standing.with_numbers, 0) AS with_numbers,
       (SELECT COUNT(*) FROM change c WHERE c.document_id = newest.id
         AND c.basis = 'succession' AND c.kind = 'added') AS added,
       (SELECT COUNT(*) FROM change c WHERE c.document_id = newest.id
         AND c.basis = 'succession' AND c.kind = 'strengthened') AS strengthened,
       (SELECT COUNT(*) FROM change c WHERE c.document_id = newest.id
         AND c.basis = 'succession' AND c.kind = 'weakened') AS weakened,
       (SELECT COUNT(*) FROM change c WHERE c.document_id = newest.id
         AND c.basis = 'succession' AND c.kind = 'dropped') AS dropped,
       (SELECT COUNT(*) FROM current_target ct WHERE ct.review_id = newest.id
         AND ct.verdict = 'met') AS met,
       (SELECT COUNT(*) FROM current_target ct WHERE ct.review_id = newest.id
         AND ct.verdict = 'missed') AS missed,
       (SELECT COUNT(*) FROM current_target ct WHERE ct.review_id = newest.id
         AND ct.verdict = 'not_reported') AS not_reported,
       (SELECT MAX(c.detected_at) FROM change c WHERE c.region = r.region) AS last_change_at,
       (SELECT COUNT(*) FROM source src WHERE src.region = r.region AND src.enabled) AS sources,
       (SELECT COUNT(*) FROM source src WHERE src.region = r.region AND src.enabled
         AND src.paused_at IS NULL AND src.health = 'failing') AS failing_sources,
       (SELECT COUNT(*) FROM source src WHERE src.region = r.region AND src.enabled
         AND src.paused_at IS NULL AND src.health = 'quiet') AS quiet_sources
FROM (
  SELECT region FROM document WHERE region IS NOT NULL
  UNION SELECT region FROM source WHERE region IS NOT NULL
) r
LEFT JOIN (
  SELECT region, COUNT(*) AS commitments, COUNT(metric) AS with_numbers FROM current_statement
  WHERE label = 'commitment' AND holds_until >= (SELECT day FROM reference_day)
  GROUP BY region
) standing ON standing.region = r.region
LEFT JOIN document newest ON newest.id = (
  SELECT report.id FROM document report
  WHERE report.kind = 'report' AND report.region = r.region AND report.year IS NOT NULL
    AND report.snapshot_id IS NOT NULL
  ORDER BY report.year DESC, report.id LIMIT 1
);
CREATE TABLE base_page (
	id INTEGER NOT NULL, 
	site TEXT NOT NULL, 
	blob_hash VARCHAR(64) NOT NULL, 
	CONSTRAINT pk_base_page PRIMARY KEY (id), 
	CONSTRAINT fk_base_page_blob_hash FOREIGN KEY(blob_hash) REFERENCES blob (hash)
);
CREATE INDEX ix_base_page_site ON base_page (site);
CREATE TABLE snapshot_text (
	snapshot_id INTEGER NOT NULL, 
	text BLOB NOT NULL, 
	CONSTRAINT pk_snapshot_text PRIMARY KEY (snapshot_id), 
	CONSTRAINT fk_snapshot_text_snapshot_id FOREIGN KEY(snapshot_id) REFERENCES snapshot (id)
);
CREATE TRIGGER snapshot_no_update BEFORE UPDATE ON snapshot BEGIN SELECT RAISE(ABORT, 'snapshot is append-only'); END;
CREATE TRIGGER snapshot_text_no_update BEFORE UPDATE ON snapshot_text BEGIN SELECT RAISE(ABORT, 'snapshot_text is append-only'); END;
CREATE TRIGGER snapshot_text_no_delete BEFORE DELETE ON snapshot_text BEGIN SELECT RAISE(ABORT, 'snapshot_text is append-only'); END;
CREATE INDEX ix_statement_first_version_id ON statement (first_version_id) WHERE first_version_id IS NOT NULL;
CREATE INDEX ix_change_before_id ON change (before_id) WHERE before_id IS NOT NULL;
CREATE TABLE alert_change (
	alert_id INTEGER NOT NULL, 
	change_id INTEGER NOT NULL, 
	rule_id VARCHAR(64) NOT NULL, 
	priority INTEGER DEFAULT '0' NOT NULL, 
	CONSTRAINT pk_alert_change PRIMARY KEY (alert_id, change_id, rule_id), 
	CONSTRAINT fk_alert_change_alert_id FOREIGN KEY(alert_id) REFERENCES alert (id), 
	CONSTRAINT fk_alert_change_change_id FOREIGN KEY(change_id) REFERENCES change (id)
)
 WITHOUT ROWID

;
CREATE TABLE metric_year (
	region TEXT NOT NULL, 
	metric TEXT NOT NULL, 
	unit TEXT NOT NULL, 
	year INTEGER NOT NULL, 
	promised FLOAT, 
	promised_op VARCHAR(16), 
	promised_id INTEGER, 
	reached FLOAT, 
	reached_op VARCHAR(16), 
	reached_id INTEGER, 
	CONSTRAINT pk_metric_year PRIMARY KEY (region, metric, unit, year), 
	CONSTRAINT fk_metric_year_promised_id FOREIGN KEY(promised_id) REFERENCES statement (id), 
	CONSTRAINT fk_metric_year_reached_id FOREIGN KEY(reached_id) REFERENCES statement (id)
)
 WITHOUT ROWID

;
CREATE INDEX ix_metric_year_metric ON metric_year (metric, year);
CREATE INDEX ix_alert_document_id ON alert (document_id);
CREATE INDEX ix_statement_source_name ON statement (source_name) WHERE source_name IS NOT NULL;
CREATE TABLE host_pause (
	host VARCHAR(255) NOT NULL, 
	not_before DATETIME NOT NULL, 
	CONSTRAINT pk_host_pause PRIMARY KEY (host)
);
CREATE INDEX ix_current_target_review_id ON current_target (review_id) WHERE review_id IS NOT NULL;
CREATE VIEW commitments_current AS 
SELECT cs.statement_id, cs.region, cs.year, cs.speaker, cs.topic, cs.themes,
       (SELECT s.text FROM statement s WHERE s.id = cs.statement_id) AS text,
       (SELECT s.section FROM statement s WHERE s.id = cs.statement_id) AS section,
       cs.metric, cs.op, cs.value, cs.unit, cs.target_year,
       (SELECT t.raw FROM target t WHERE t.statement_id = cs.statement_id
          AND t.position = 0) AS raw,
       (SELECT s.start_offset FROM statement s WHERE s.id = cs.statement_id) AS start_offset,
       (SELECT s.end_offset FROM statement s WHERE s.id = cs.statement_id) AS end_offset,
       (SELECT s.snapshot_id FROM statement s WHERE s.id = cs.statement_id) AS snapshot_id,
       cs.document_id, cs.document_kind,
       (SELECT doc.title FROM document doc WHERE doc.id = cs.document_id) AS document_title,
       (SELECT doc.url FROM document doc WHERE doc.id = cs.document_id) AS url,
       (SELECT doc.published FROM document doc WHERE doc.id = cs.document_id) AS published,
       (SELECT doc.source_id FROM document doc WHERE doc.id = cs.document_id) AS source_id,
       cs.source_name,
       (SELECT s.person FROM statement s WHERE s.id = cs.statement_id) AS person,
       (SELECT s.person_title FROM statement s WHERE s.id = cs.statement_id) AS person_title,
       (SELECT doc.withdrawn_at FROM document doc WHERE doc.id = cs.document_id) AS withdrawn_at,
       cs.in_force_until,
       (SELECT s.origin FROM statement s WHERE s.id = cs.statement_id) AS origin,
       (SELECT s.first_seen_at FROM statement s WHERE s.id = cs.statement_id) AS first_seen_at
FROM current_statement cs
WHERE cs.label = 'commitment' AND cs.holds_until >= (SELECT day FROM reference_day);
CREATE VIEW targets_current AS 
SELECT ct.statement_id, ct.position, ct.region, ct.year, ct.topic, ct.themes,
       ct.metric, ct.op, ct.value, ct.unit, ct.target_year,
       (SELECT t.raw FROM target t WHERE t.statement_id = ct.statement_id
          AND t.position = ct.position) AS raw,
       ct.canonical_metric, ct.canonical_value, ct.canonical_unit, ct.due,
       (SELECT s.text FROM statement s WHERE s.id = ct.statement_id) AS text,
       ct.document_id, ct.document_kind,
       (SELECT doc.title FROM document doc WHERE doc.id = ct.document_id) AS document_title,
       (SELECT doc.url FROM document doc WHERE doc.id = ct.document_id) AS url,
       (SELECT doc.published FROM document doc WHERE doc.id = ct.document_id) AS published,
       ct.source_name,
       (SELECT s.person FROM statement s WHERE s.id = ct.statement_id) AS person,
       (SELECT s.person_title FROM statement s WHERE s.id = ct.statement_id) AS person_title,
       (SELECT doc.withdrawn_at FROM document doc WHERE doc.id = ct.document_id) AS withdrawn_at,
       ct.in_force_until,
       (SELECT s.origin FROM statement s WHERE s.id = ct.statement_id) AS origin
FROM current_target ct
WHERE ct.label = 'commitment' AND ct.holds_until >= (SELECT day FROM reference_day);
CREATE INDEX ix_change_certainty_id ON change (certainty, id) WHERE certainty = 'unsure';
CREATE INDEX ix_change_kind_row ON change (kind);
CREATE INDEX ix_change_basis_row ON change (basis);
CREATE INDEX ix_change_region_row ON change (region);
CREATE INDEX ix_statement_speaker ON statement (speaker, label) WHERE speaker <> 'government' OR speaker = 'ministry' OR speaker = 'delegate' OR speaker = 'expert' OR speaker = 'enterprise' OR speaker = 'media';
INSERT INTO alembic_version SELECT '0032';
INSERT INTO reference_day (id, day) SELECT 1, date('now');
INSERT INTO statement_words (statement_words, rank) VALUES ('automerge', 2);
