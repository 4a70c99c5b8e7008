WITH RECURSIVE sentence AS (
  SELECT s.id, COALESCE(s.first_version_id, s.id) AS version_id, doc.id AS document_id, doc.year,
         doc.region, doc.url,
         RANK() OVER (
           PARTITION BY COALESCE(s.first_version_id, s.id) ORDER BY s.snapshot_id DESC
         ) AS age
  FROM document doc
  JOIN snapshot seen ON seen.document_id = doc.id
  JOIN statement s ON s.snapshot_id = seen.id
  WHERE doc.kind = 'report' AND doc.year IS NOT NULL
    AND (s.label = 'commitment' OR (NOT s.in_scope AND s.id IN (
      SELECT c.before_id FROM {changes} c WHERE c.basis = 'succession'
      UNION SELECT c.after_id FROM {changes} c WHERE c.basis = 'succession'
    ))){scope}
),
version AS (
  SELECT version_id, MIN(year) AS year FROM sentence GROUP BY version_id
),
link AS (
  SELECT DISTINCT b.version_id AS older_id, a.version_id AS newer_id
  FROM {changes} c
  JOIN sentence b ON b.id = c.before_id
  JOIN sentence a ON a.id = c.after_id
  WHERE c.basis = 'succession'
),
reach (root_id, version_id) AS (
  SELECT version_id, version_id FROM version
  WHERE version_id NOT IN (SELECT newer_id FROM link)
  UNION
  SELECT reach.root_id, link.newer_id
  FROM reach JOIN link ON link.older_id = reach.version_id
),
ranked AS (
  SELECT reach.version_id, reach.root_id,
         ROW_NUMBER() OVER (
           PARTITION BY reach.version_id ORDER BY root.year, reach.root_id
         ) AS place
  FROM reach JOIN version root ON root.version_id = reach.root_id
),
identity AS (
  SELECT version_id, root_id AS commitment_id FROM ranked WHERE place < 2
),
span AS (
  SELECT reach.root_id, MIN(version.year) AS first_year, MAX(version.year) AS last_year,
         COUNT(DISTINCT version.year) AS years
  FROM reach JOIN version ON version.version_id = reach.version_id
  GROUP BY reach.root_id
),
merged AS (
  SELECT older.version_id, MIN(newer.commitment_id) AS merged_into
  FROM link
  JOIN identity older ON older.version_id = link.older_id
  JOIN identity newer ON newer.version_id = link.newer_id
  WHERE newer.commitment_id <> older.commitment_id
  GROUP BY older.version_id
),
arrival AS (
  SELECT a.version_id, c.id AS change_id, c.kind,
         ROW_NUMBER() OVER (
           PARTITION BY a.version_id
           ORDER BY CASE WHEN c.basis = 'succession' THEN 0 ELSE 1 END,
                    CASE WHEN older.commitment_id = own.commitment_id THEN 0 ELSE 1 END,
                    COALESCE(c.score, c.similarity) DESC, c.id
         ) AS place
  FROM {changes} c
  JOIN sentence a ON a.id = c.after_id
  JOIN identity own ON own.version_id = a.version_id
  LEFT JOIN sentence b ON b.id = c.before_id
  LEFT JOIN identity older ON older.version_id = b.version_id
  WHERE c.basis = 'succession' OR c.kind = 'added'
),
removal AS (
  SELECT c.before_id, MAX(c.id) AS change_id
  FROM {changes} c
  WHERE c.basis = 'revision' AND c.kind = 'dropped'
  GROUP BY c.before_id
),
stated AS (
  SELECT t.statement_id, t.position, t.metric, t.op, t.value, t.unit,
         COUNT(*) OVER (PARTITION BY identity.commitment_id, t.metric) AS times
  FROM sentence s
  JOIN target t ON t.statement_id = s.id
  LEFT JOIN identity ON identity.version_id = s.version_id
  WHERE s.age < 2
),
figure AS (
  SELECT statement_id, metric, op, value, unit,
         ROW_NUMBER() OVER (PARTITION BY statement_id ORDER BY times DESC, position) AS place
  FROM stated
)
SELECT identity.commitment_id, COALESCE(s.region, shown.region) AS region, s.topic, s.themes,
       span.first_year, span.last_year, span.years,
       s.id AS statement_id, shown.year, s.text, s.in_scope,
       figure.metric, figure.op, figure.value, figure.unit,
       CASE WHEN removal.change_id IS NULL THEN arrival.kind ELSE 'dropped' END AS kind,
       COALESCE(removal.change_id, arrival.change_id) AS change_id,
       merged.merged_into, shown.document_id, shown.url
FROM sentence shown
JOIN statement s ON s.id = shown.id
LEFT JOIN identity ON identity.version_id = shown.version_id
LEFT JOIN span ON span.root_id = identity.commitment_id
LEFT JOIN merged ON merged.version_id = shown.version_id
LEFT JOIN arrival ON arrival.version_id = shown.version_id AND arrival.place < 2
LEFT JOIN removal ON removal.before_id = s.id
LEFT JOIN figure ON figure.statement_id = s.id AND figure.place < 2
WHERE shown.age < 2
