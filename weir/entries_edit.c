/* entries_edit.c - see entries_edit.h. */
#include "weir/entries_edit.h"

#include <stdbool.h>
#include <string.h>

#include "base/arena.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/event.h"
#include "base/lines.h"
#include "base/master.h"
#include "weir/config_file.h"
#include "weir/entries.h"
#include "weir/generation.h"
#include "weir/listing.h"
#include "weir/setting.h"

static const char blanks[] = " \t\r\n\v\f";

struct edit {
	char what;
	enum entries_edit how;
	struct arena *arena;
	struct entries_request *requests;
	struct entry *given; /* of -M -e: what each of them becomes */
	size_t count;
	struct config_file file;
};

/* One option of ${entry} is changed, added or left out; of two with its name
 * the last would count, so there is one in the end.  False: it is so already. */
static bool
set_option(struct edit *e, struct entry *entry, const struct entries_request *r)
{
	struct entry_word *words =
	    arena_alloc(e->arena, (entry->count + 1) * sizeof *words);
	size_t n = 0, options = 0;
	bool found = false, changed = false;

	for (size_t i = 0; i < entry->count; i++) {
		struct entry_word w = entry->words[i];

		if (w.name != NULL && strcmp(w.name, r->name) == 0) {
			if (found || e->how == ENTRIES_EDIT_REMOVE) {
				changed = true;
				continue;
			}
			changed = strcmp(w.text, r->value) != 0;
			w.text = r->value;
			found = true;
		}
		words[n++] = w;
		options += i < entry->options;
	}
	if (!found && e->how == ENTRIES_EDIT_SET) {
		memmove(&words[options + 1], &words[options],
		    (n - options) * sizeof *words);
		words[options++] = (struct entry_word){ r->name, r->value };
		n++;
	}
	entry->words = words;
	entry->count = n;
	entry->options = options;
	return changed || (!found && e->how == ENTRIES_EDIT_SET);
}

/* What one field becomes; the command takes its arguments along. */
static int
set_field(struct edit *e, struct entry *entry, const struct entries_request *r,
    struct err *err)
{
	int field = entries_field(r->name);
	struct origin origin = entry->origin;
	const char *line;

	if (field != ENTRY_COMMAND) {
		entry->fields[field] = r->value;
		return 0;
	}
	line = arena_printf(e->arena, "%s %s %s %s %s %s %s %s",
	    entry->fields[ENTRY_SERVICE], entry->fields[ENTRY_TYPE],
	    entry->fields[ENTRY_PRIVATE], entry->fields[ENTRY_UNPRIVILEGED],
	    entry->fields[ENTRY_CHROOT], entry->fields[ENTRY_WAKEUP],
	    entry->fields[ENTRY_PROCESS_LIMIT], r->value);
	if (entries_words(line, e->arena, entry, err) != 0)
		return -1;
	entry->origin = origin;
	return 0;
}

static int
check_request(
    const struct edit *e, const struct entries_request *r, struct err *err)
{
	bool set = e->how == ENTRIES_EDIT_SET;

	if (!set && r->value != NULL) {
		err_set(err, "specify one of -e -%c",
		    e->how == ENTRIES_EDIT_REMOVE ? 'X' : '#');
		return -1;
	}
	if (set && r->value == NULL) {
		err_set(err, "missing '=' after attribute name: \"%.100s\"",
		    r->text);
		return -1;
	}
	if (e->what == 'P' && set && r->value[strcspn(r->value, blanks)] != 0) {
		err_set(
		    err, "-Pe does not accept whitespace in parameter value");
		return -1;
	}
	if (e->what == 'F' && entries_field(r->name) < 0) {
		err_set(
		    err, "invalid service attribute name: \"%.100s\"", r->name);
		return -1;
	}
	if (e->what == 'F' && set && entries_field(r->name) != ENTRY_COMMAND &&
	    (r->value[strcspn(r->value, blanks)] != 0 || *r->value == '\0')) {
		err_set(
		    err, "-Fe does not accept whitespace in non-command field");
		return -1;
	}
	return 0;
}

static int
read_request(struct edit *e, const char *text, struct err *err)
{
	struct entries_request *r = &e->requests[e->count];
	size_t parts = e->what == 'M' ? 2 : 3;

	if (entries_request(text, parts, e->arena, r) != parts) {
		err_set(err, "%s requires service_name/type%s",
		    e->what == 'M'       ? "-Me, -MX or -M#"
			: e->what == 'F' ? "-Fe or -FX"
					 : "-Pe or -PX",
		    e->what == 'M'       ? ""
			: e->what == 'F' ? "/field_name"
					 : "/parameter");
		return -1;
	}
	if (r->value != NULL) {
		r->value =
		    arena_strdup(e->arena, r->value + strspn(r->value, blanks));
	}
	if (check_request(e, r, err) != 0)
		return -1;
	if (e->what == 'M' && e->how == ENTRIES_EDIT_SET &&
	    entries_words(r->value, e->arena, &e->given[e->count], err) != 0) {
		err_set(err, "bad field count: \"%.200s\"", text);
		return -1;
	}
	e->count++;
	return 0;
}

/* Would ${text} be read as ${entry}?  A '#' or a '{' in the wrong place makes
 * it a comment, or part of a larger word. */
static bool
is_read_as(struct edit *e, const char *text, const struct entry *entry)
{
	struct lines lines = {
		.file = e->file.path, .p = text, .end = text + strlen(text)
	};
	struct buf line = { 0 };
	struct entry again = { 0 };
	unsigned number;
	bool same;

	same = *text != '#' && lines_next(&lines, &line, &number) &&
	    lines.p == lines.end &&
	    entries_words(buf_str(&line), e->arena, &again, NULL) == 0 &&
	    again.count == entry->count;
	for (int i = 0; i < ENTRY_FIELDS && same; i++)
		same = strcmp(again.fields[i], entry->fields[i]) == 0;
	for (size_t i = 0; i < entry->count && same; i++) {
		const struct entry_word *a = &again.words[i];
		const struct entry_word *b = &entry->words[i];

		same = strcmp(a->text, b->text) == 0 &&
		    (a->name == NULL) == (b->name == NULL) &&
		    (a->name == NULL || strcmp(a->name, b->name) == 0);
	}
	buf_free(&line);
	return same;
}

static int
put_entry(struct edit *e, const struct entry *entry, struct err *err)
{
	struct listing l = { .fold = true };
	struct buf text = { 0 };
	int status = 0;

	entries_print(&l, entry);
	listing_take(&l, &text);
	if (is_read_as(e, buf_str(&text), entry)) {
		config_file_add(&e->file, buf_str(&text));
	} else {
		err_set(err, "this cannot be written as a service: \"%.200s\"",
		    buf_str(&text));
		status = -1;
	}
	buf_free(&text);
	buf_free(&l.line);
	return status;
}

/* The physical lines of a logical one and, behind its last, the comments in
 * front of the next. */
struct lot {
	const char *start, *last, *end;
};

/* What becomes of them: comments stay, whatever else. */
static void
put_lines(struct edit *e, const char *cursor, const char *end, bool changed)
{
	const char *line;
	enum config_line kind;
	size_t len;

	while (cursor < end && config_file_line(&cursor, &line, &len, &kind)) {
		if (!changed || kind == CONFIG_LINE_COMMENT)
			config_file_copy(&e->file, line, len);
		else if (e->how == ENTRIES_EDIT_COMMENT)
			config_file_comment(&e->file, line, len);
	}
}

/* What the requests make of a service. */
enum fate { FATE_STAYS, FATE_GOES, FATE_ANEW, FATE_BAD };

static enum fate
change_entry(struct edit *e, struct entry *entry, struct err *err)
{
	enum fate fate = FATE_STAYS;

	for (size_t i = 0; i < e->count; i++) {
		struct entries_request *r = &e->requests[i];

		if (!entries_match(r, entry))
			continue;
		r->matched = true;
		if (e->what == 'P') {
			if (set_option(e, entry, r))
				fate = FATE_ANEW;
		} else if (e->what == 'F') {
			if (set_field(e, entry, r, err) != 0)
				return FATE_BAD;
			fate = FATE_ANEW;
		} else if (e->how == ENTRIES_EDIT_SET) {
			*entry = e->given[i];
			fate = FATE_ANEW;
		} else {
			fate = FATE_GOES;
		}
	}
	return fate;
}

static int
edit_entry(struct edit *e, const struct lot *lot, struct err *err)
{
	struct lines lines = {
		.file = e->file.path, .p = lot->start, .end = lot->end
	};
	struct buf line = { 0 };
	struct entry entry = { 0 };
	enum fate fate = FATE_STAYS;
	unsigned number;

	if (!lines_next(&lines, &line, &number)) {
		put_lines(e, lot->start, lot->end, false);
	} else {
		fate = FATE_BAD;
		if (entries_words(buf_str(&line), e->arena, &entry, err) == 0)
			fate = change_entry(e, &entry, err);
		put_lines(e, lot->start, lot->last, fate != FATE_STAYS);
		if (fate == FATE_ANEW && put_entry(e, &entry, err) != 0)
			fate = FATE_BAD;
		put_lines(e, lot->last, lot->end, false);
	}
	buf_free(&line);
	return fate == FATE_BAD ? -1 : 0;
}

/* The logical lines one after the other. */
static int
edit_text(struct edit *e, struct err *err)
{
	const char *cursor = buf_str(&e->file.old), *line;
	struct lot lot = { cursor, cursor, cursor };
	enum config_line kind;
	size_t len;

	while (config_file_line(&cursor, &line, &len, &kind)) {
		if (kind == CONFIG_LINE_START && line > lot.start) {
			lot.end = line;
			if (edit_entry(e, &lot, err) != 0)
				return -1;
			lot.start = line;
		}
		if (kind != CONFIG_LINE_COMMENT)
			lot.last = cursor;
	}
	lot.end = cursor;
	return edit_entry(e, &lot, err);
}

static int
put_new(struct edit *e, struct err *err)
{
	for (size_t i = 0; i < e->count; i++) {
		if (e->requests[i].matched)
			continue;
		if (e->what == 'M' && e->how == ENTRIES_EDIT_SET) {
			if (put_entry(e, &e->given[i], err) != 0)
				return -1;
		} else if (e->what != 'M') {
			event_warning(NULL,
			    "unmatched service_name/type: \"%s\"",
			    e->requests[i].text);
		}
	}
	return 0;
}

/* Does one of the requests say what ${name} is in ${service}? */
static bool
is_given(const struct edit *e, const struct master_service *service,
    const char *name)
{
	for (size_t i = 0; i < e->count; i++) {
		const struct entries_request *r = &e->requests[i];

		if (strcmp(r->name, name) == 0 &&
		    (strcmp(r->service, "*") == 0 ||
			strcmp(r->service, service->name) == 0))
			return true;
	}
	return false;
}

/* Would the values that -P gives be accepted? */
static int
check_parameters(struct edit *e, const char *dir, const struct master *master,
    struct err *err)
{
	struct conf *conf = conf_read(dir, generation_tables(), err), *view;
	int status = 0;

	if (conf == NULL)
		return -1;
	for (size_t i = 0; i < master->count && status == 0; i++) {
		const struct master_service *s = &master->services[i];

		view = master_view(s, conf);
		for (size_t k = 0; k < s->noptions && status == 0; k++)
			if (is_given(e, s, s->options[k].name))
				status = setting_check(
				    view, s->options[k].name, err);
		conf_free(view);
	}
	conf_free(conf);
	return status;
}

/* The new text is read as the supervisor would. */
static int
check_text(struct edit *e, const char *dir, struct err *err)
{
	struct master master;

	if (master_parse(e->file.path, buf_str(&e->file.new), e->arena, &master,
		err) != 0)
		return -1;
	if (e->what != 'P' || e->how != ENTRIES_EDIT_SET)
		return 0;
	return check_parameters(e, dir, &master, err);
}

static int
edit_file(struct edit *e, const char *dir, struct err *err)
{
	const char *path = arena_printf(e->arena, "%s/master.cf", dir);
	int status;

	if (config_file_open(&e->file, path, err) != 0)
		return -1;
	status = edit_text(e, err);
	if (status == 0)
		status = put_new(e, err);
	if (status == 0)
		status = check_text(e, dir, err);
	if (status == 0)
		status = config_file_commit(&e->file, err);
	config_file_close(&e->file);
	return status;
}

int
entries_edit(const char *dir, char what, enum entries_edit how,
    char *const *args, struct err *err)
{
	struct edit e = { .what = what, .how = how, .arena = arena_new() };
	size_t count = 0;
	int status = 0;

	while (args[count] != NULL)
		count++;
	e.requests = arena_alloc(e.arena, (count + 1) * sizeof *e.requests);
	e.given = arena_alloc(e.arena, (count + 1) * sizeof *e.given);
	for (; *args != NULL && status == 0; args++)
		status = read_request(&e, *args, err);
	if (status == 0)
		status = edit_file(&e, dir, err);
	arena_free(e.arena);
	return status;
}
