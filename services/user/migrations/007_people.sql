-- Users are found by the beginnings of words of their names and addresses, and
-- sorted by name: words() of base/words.h. As other forms they are filled in by
-- the service where they are missing or of another version.
ALTER TABLE users ADD COLUMN name_form TEXT;
ALTER TABLE users ADD COLUMN search_form TEXT;
CREATE INDEX users_by_name_form ON users (name_form);
CREATE INDEX users_disabled ON users (id) WHERE disabled = 1;
-- Each word of search_form.
CREATE TABLE user_words (
	word    TEXT NOT NULL,
	user_id INTEGER NOT NULL,
	PRIMARY KEY (word, user_id)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER user_words_begin AFTER INSERT ON users
WHEN new.search_form IS NOT NULL BEGIN
	INSERT OR IGNORE INTO user_words (word, user_id)
		SELECT value, new.id FROM json_each('[' ||
		replace(json_quote(new.search_form), ' ', '","') || ']');
END;
CREATE TRIGGER user_words_change AFTER UPDATE OF search_form ON users
WHEN old.search_form IS NOT new.search_form BEGIN
	DELETE FROM user_words WHERE user_id = old.id AND word IN (
		SELECT value FROM json_each('[' ||
		replace(json_quote(old.search_form), ' ', '","') || ']'));
	INSERT OR IGNORE INTO user_words (word, user_id)
		SELECT value, new.id FROM json_each('[' ||
		replace(json_quote(new.search_form), ' ', '","') || ']');
END;
CREATE TRIGGER user_words_end AFTER DELETE ON users BEGIN
	DELETE FROM user_words WHERE user_id = old.id AND word IN (
		SELECT value FROM json_each('[' ||
		replace(json_quote(old.search_form), ' ', '","') || ']'));
END;
