"""The tables of the record, and how those of an older one become them."""

# Each brings a record from the version before it to the next; what is here stays as it is.
SCHEMAS = (
    """
CREATE TABLE versions (
  version TEXT PRIMARY KEY, document TEXT NOT NULL, content TEXT NOT NULL);
CREATE TABLE chunks (
  number INTEGER PRIMARY KEY AUTOINCREMENT, version TEXT NOT NULL REFERENCES versions, chunker TEXT NOT NULL, ordinal INTEGER NOT NULL,
  headings TEXT NOT NULL, start INTEGER NOT NULL, "end" INTEGER NOT NULL, text TEXT NOT NULL, vector TEXT NOT NULL,
  UNIQUE (version, chunker, ordinal));
CREATE INDEX chunks_by_vector ON chunks (vector);
CREATE TABLE vectors (vector TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE snapshots (
  number INTEGER PRIMARY KEY AUTOINCREMENT, made TEXT NOT NULL, who TEXT NOT NULL, action TEXT NOT NULL,
  fingerprint TEXT NOT NULL, chunker TEXT NOT NULL, changes TEXT NOT NULL);
CREATE TABLE snapshot_documents (
  snapshot INTEGER NOT NULL REFERENCES snapshots ON DELETE CASCADE, document TEXT NOT NULL, version TEXT NOT NULL,
  PRIMARY KEY (snapshot, document)) WITHOUT ROWID;
CREATE VIRTUAL TABLE lexical USING fts5 (title, headings, body, tokenize = "porter unicode61 remove_diacritics 2");
CREATE TABLE pending_files (path TEXT PRIMARY KEY, content TEXT);
CREATE TABLE answers (
  id TEXT PRIMARY KEY, asked TEXT NOT NULL, conversation TEXT NOT NULL, question TEXT NOT NULL, standalone TEXT NOT NULL,
  verdict TEXT NOT NULL, snapshot INTEGER NOT NULL, writer TEXT NOT NULL, content TEXT NOT NULL);
CREATE INDEX answers_by_conversation ON answers (conversation, asked);
CREATE TABLE gaps (
  id INTEGER PRIMARY KEY, asked TEXT NOT NULL, question TEXT NOT NULL, nearest TEXT NOT NULL, snapshot INTEGER NOT NULL,
  times INTEGER NOT NULL DEFAULT 1, UNIQUE (question));
""",
    """
CREATE TABLE inputs (key TEXT PRIMARY KEY, document TEXT NOT NULL, version TEXT NOT NULL, told TEXT NOT NULL) WITHOUT ROWID;
""",
    """
CREATE TABLE questions (
  chunk INTEGER NOT NULL REFERENCES chunks ON DELETE CASCADE, start INTEGER NOT NULL, "end" INTEGER NOT NULL,
  question TEXT NOT NULL, vector TEXT NOT NULL);
CREATE INDEX questions_by_chunk ON questions (chunk);
CREATE INDEX questions_by_vector ON questions (vector);
DROP TABLE lexical;
CREATE VIRTUAL TABLE lexical USING fts5 (title, headings, body, asked, tokenize = "porter unicode61 remove_diacritics 2");
""",
    """
CREATE TABLE quarantine (
  document TEXT PRIMARY KEY, content TEXT NOT NULL, findings TEXT NOT NULL, input TEXT NOT NULL, in_folder INTEGER NOT NULL,
  kept TEXT NOT NULL, who TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE released (
  document TEXT NOT NULL, passage TEXT NOT NULL, released TEXT NOT NULL, who TEXT NOT NULL,
  PRIMARY KEY (document, passage)) WITHOUT ROWID;
""",
    """
CREATE TABLE looks (document TEXT PRIMARY KEY, version TEXT NOT NULL, digest TEXT NOT NULL, looked TEXT NOT NULL) WITHOUT ROWID;
""",
    """
CREATE TABLE spent (
  day TEXT NOT NULL, writer TEXT NOT NULL, answers INTEGER NOT NULL, read INTEGER NOT NULL, written INTEGER NOT NULL, money REAL NOT NULL,
  PRIMARY KEY (day, writer)) WITHOUT ROWID;
CREATE TABLE resting (
  writer TEXT PRIMARY KEY, failures INTEGER NOT NULL, until REAL NOT NULL, reason TEXT NOT NULL) WITHOUT ROWID;
ALTER TABLE answers ADD COLUMN key TEXT NOT NULL DEFAULT '';
CREATE INDEX answers_by_key ON answers (key) WHERE key != '';
""",
    """
ALTER TABLE gaps ADD COLUMN written TEXT NOT NULL DEFAULT '';
""",
    """
CREATE TABLE conversation_names (conversation TEXT PRIMARY KEY, name TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE feedback (
  answer TEXT PRIMARY KEY REFERENCES answers ON DELETE CASCADE, good INTEGER NOT NULL, reason TEXT NOT NULL, given TEXT NOT NULL);
ALTER TABLE answers ADD COLUMN aside INTEGER NOT NULL DEFAULT 0;
""",
)
SCHEMA_VERSION = len(SCHEMAS)
