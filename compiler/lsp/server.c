#include "lsp/server.h"

#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/source.h"
#include "lsp/answers.h"
#include "lsp/documents.h"
#include "lsp/place.h"
#include "lsp/wire.h"

/* Numbers of JSON-RPC and of the protocol. */
enum {
    ERROR_NOT_JSON = -32700,
    ERROR_INVALID_REQUEST = -32600,
    ERROR_UNKNOWN_METHOD = -32601,
    ERROR_INVALID_PARAMETERS = -32602,
    ERROR_NOT_INITIALIZED = -32002
};

struct server;

/* A method: answers a request, answers one about a document, or takes note of something. A request's result
 * is NULL where its parameters are wrong. */
struct method {
    const char *name;
    json_t *(*answer)(struct server *server, const json_t *params);
    json_t *(*ask)(const struct analysis *analysis, const struct document *document, uint32_t at);
    bool has_place; /* of a request about a document */
    void (*note)(struct server *server, const json_t *params);
};

struct server {
    FILE *out;
    const char *version;
    struct documents documents;
    bool initialized, shut_down, ends;
};

static void send(struct server *server, json_t *message)
{
    if (json_object_set_new(message, "jsonrpc", json_string("2.0")) != 0)
        out_of_memory();
    if (!wire_write(server->out, message))
        server->ends = true;
}

static void send_result(struct server *server, json_t *id, json_t *result)
{
    send(server, wire_made(json_pack("{s:O, s:o}", "id", id, "result", result)));
}

/* id NULL: of a message whose number is not known. */
static void send_error(struct server *server, json_t *id, int code, const char *message)
{
    send(server, wire_made(json_pack("{s:o, s:{s:i, s:s}}", "id", id ? json_incref(id) : json_null(), "error", "code",
                                     code, "message", message)));
}

static void publish(struct server *server, const struct document *document)
{
    json_t *all = answer_diagnostics(document->latest, document->uri);
    send(server, wire_made(json_pack("{s:s, s:{s:s, s:o}}", "method", "textDocument/publishDiagnostics", "params",
                                     "uri", document->uri, "diagnostics", all)));
}

static void renew(struct server *server, struct document *document)
{
    documents_analyse(&server->documents, document);
    publish(server, document);
}

/* ---- notifications ---- */

static const char *uri_of(const json_t *params)
{
    return json_string_value(json_object_get(json_object_get(params, "textDocument"), "uri"));
}

static void did_open(struct server *server, const json_t *params)
{
    const json_t *text = json_object_get(json_object_get(params, "textDocument"), "text");
    const char *uri = uri_of(params);
    if (uri && json_is_string(text))
        renew(server, documents_open(&server->documents, uri, json_string_value(text), json_string_length(text)));
}

/* Finds the bytes that a change replaces: a range, or the whole text. */
static bool find_range(const struct document *document, const json_t *range, size_t *begin, size_t *end)
{
    struct place from, to;
    *begin = 0;
    *end = document->length;
    if (!range || json_is_null(range))
        return true;
    if (!place_read(json_object_get(range, "start"), &from) || !place_read(json_object_get(range, "end"), &to))
        return false;
    *begin = place_offset(document->text, document->length, from);
    *end = place_offset(document->text, document->length, to);
    return *begin <= *end;
}

static void apply(struct document *document, const json_t *change)
{
    const json_t *text = json_object_get(change, "text"), *range = json_object_get(change, "range");
    size_t begin, end;
    if (!json_is_string(text) || !find_range(document, range, &begin, &end)) {
        document->is_lost = true;
        return;
    }
    document_edit(document, begin, end, json_string_value(text), json_string_length(text));
    if (!range || json_is_null(range))
        document->is_lost = false;
}

static void did_change(struct server *server, const json_t *params)
{
    struct document *document = uri_of(params) ? documents_find(&server->documents, uri_of(params)) : NULL;
    const json_t *change;
    size_t i;
    if (!document)
        return;
    json_array_foreach(json_object_get(params, "contentChanges"), i, change) apply(document, change);
    renew(server, document);
}

/* Others may import what has been saved. */
static void did_save(struct server *server, const json_t *params)
{
    (void)params;
    for (struct document *document = server->documents.first; document; document = document->next)
        renew(server, document);
}

static void did_close(struct server *server, const json_t *params)
{
    const char *uri = uri_of(params);
    if (!uri || !documents_find(&server->documents, uri))
        return;
    documents_close(&server->documents, uri);
    send(server, wire_made(json_pack("{s:s, s:{s:s, s:[]}}", "method", "textDocument/publishDiagnostics", "params",
                                     "uri", uri, "diagnostics")));
}

static void leave(struct server *server, const json_t *params)
{
    (void)params;
    server->ends = true;
}

/* ---- requests ---- */

static json_t *initialize(struct server *server, const json_t *params)
{
    (void)params;
    enum { SYNC_INCREMENTAL = 2 };
    server->initialized = true;
    return wire_made(json_pack("{s:{s:{s:b, s:i, s:b}, s:b, s:b, s:{s:[s]}, s:b, s:b}, s:{s:s, s:s}}", "capabilities",
                               "textDocumentSync", "openClose", 1, "change", SYNC_INCREMENTAL, "save", 1,
                               "hoverProvider", 1, "definitionProvider", 1, "completionProvider", "triggerCharacters",
                               ".", "documentFormattingProvider", 1, "documentSymbolProvider", 1, "serverInfo", "name",
                               "rnnc", "version", server->version));
}

static json_t *shut_down(struct server *server, const json_t *params)
{
    (void)params;
    server->shut_down = true;
    return wire_made(json_null());
}

/* The document that a request is about; *at is its place, where it has one. NULL: it is not open, or a part is missing.
 */
static struct document *find_place(struct server *server, const json_t *params, uint32_t *at)
{
    struct document *document = uri_of(params) ? documents_find(&server->documents, uri_of(params)) : NULL;
    struct place place;
    if (!document)
        return NULL;
    if (!at)
        return document;
    if (!place_read(json_object_get(params, "position"), &place))
        return NULL;
    const struct source *source = document->latest->source;
    const struct source_file *file = &source->files[0];
    *at = file->begin + (uint32_t)place_offset(source->data + file->begin, file->end - file->begin, place);
    return document;
}

static json_t *hover(const struct analysis *analysis, const struct document *document, uint32_t at)
{
    (void)document;
    return answer_hover(analysis, at);
}

static json_t *definition(const struct analysis *analysis, const struct document *document, uint32_t at)
{
    return answer_definition(analysis, document->uri, at);
}

static json_t *completion(const struct analysis *analysis, const struct document *document, uint32_t at)
{
    return answer_completion(analysis, document->good == document->latest ? analysis : document->good, at);
}

static json_t *symbols(const struct analysis *analysis, const struct document *document, uint32_t at)
{
    (void)document;
    (void)at;
    return answer_symbols(analysis);
}

/* A program with syntax errors stays as it is: what has not been understood would be lost. So does one whose text the
 * editor has changed since. */
static json_t *formatting(const struct analysis *analysis, const struct document *document, uint32_t at)
{
    (void)at;
    const bool is_known = document->latest == document->good && !document->is_lost;
    return is_known ? answer_formatting(analysis) : wire_made(json_null());
}

/* Asks about a document, in memory of the answer's own. */
static json_t *ask(struct server *server, const struct method *method, const json_t *params)
{
    uint32_t at = 0;
    const struct document *document = find_place(server, params, method->has_place ? &at : NULL);
    if (!document)
        return NULL;
    struct analysis analysis = *document->latest;
    analysis.arena = arena_new();
    json_t *answer = method->ask(&analysis, document, at);
    arena_free(analysis.arena);
    return answer;
}

/* ---- messages ---- */

static const struct method methods[] = {{.name = "initialize", .answer = initialize},
                                        {.name = "shutdown", .answer = shut_down},
                                        {.name = "textDocument/hover", .ask = hover, .has_place = true},
                                        {.name = "textDocument/definition", .ask = definition, .has_place = true},
                                        {.name = "textDocument/completion", .ask = completion, .has_place = true},
                                        {.name = "textDocument/documentSymbol", .ask = symbols},
                                        {.name = "textDocument/formatting", .ask = formatting},
                                        {.name = "textDocument/didOpen", .note = did_open},
                                        {.name = "textDocument/didChange", .note = did_change},
                                        {.name = "textDocument/didSave", .note = did_save},
                                        {.name = "textDocument/didClose", .note = did_close},
                                        {.name = "exit", .note = leave}};

static const struct method *find_method(const char *name)
{
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (strcmp(methods[i].name, name) == 0)
            return &methods[i];
    return NULL;
}

static void answer(struct server *server, const struct method *method, json_t *id, const json_t *params)
{
    if (!method || (!method->answer && !method->ask)) {
        send_error(server, id, ERROR_UNKNOWN_METHOD, "rnnc does not know this method");
    } else if (server->shut_down || (server->initialized && method->answer == initialize)) {
        send_error(server, id, ERROR_INVALID_REQUEST, server->shut_down ? "shut down" : "initialized already");
    } else if (!server->initialized && method->answer != initialize) {
        send_error(server, id, ERROR_NOT_INITIALIZED, "not initialized yet");
    } else {
        json_t *result = method->ask ? ask(server, method, params) : method->answer(server, params);
        if (result)
            send_result(server, id, result);
        else
            send_error(server, id, ERROR_INVALID_PARAMETERS, "no open document, or a part of the request is missing");
    }
}

static void take(struct server *server, const json_t *message)
{
    const char *name = json_string_value(json_object_get(message, "method"));
    json_t *id = json_object_get(message, "id");
    const json_t *params = json_object_get(message, "params");
    if (!json_is_object(message) ||
        (!name && !json_object_get(message, "result") && !json_object_get(message, "error"))) {
        send_error(server, id, ERROR_INVALID_REQUEST, "a message is an object with a method");
        return;
    }
    const struct method *method = name ? find_method(name) : NULL;
    if (name && id)
        answer(server, method, id, params);
    else if (method && method->note && (method->note == leave || (server->initialized && !server->shut_down)))
        method->note(server, params);
}

/* A message has not been understood: it may have been a change of any document. */
static void lose(struct server *server)
{
    for (struct document *document = server->documents.first; document; document = document->next)
        document->is_lost = true;
}

int lsp_serve(FILE *in, FILE *out, const char *version, analysis_compile *compile, void *context)
{
    struct server server = {.out = out, .version = version, .documents = {.compile = compile, .context = context}};
    while (!server.ends) {
        json_t *message = NULL;
        const enum wire_status status = wire_read(in, &message);
        if (status == WIRE_MESSAGE) {
            take(&server, message);
            json_decref(message);
        } else if (status == WIRE_NOT_JSON) {
            lose(&server);
            send_error(&server, NULL, ERROR_NOT_JSON, "the message is not JSON");
        } else if (status == WIRE_TOO_LONG) {
            lose(&server);
            send_error(&server, NULL, ERROR_INVALID_REQUEST, "the message is too long");
        } else {
            if (status == WIRE_NO_HEADER)
                fprintf(stderr, "rnnc: error: standard input is not what an editor sends: messages begin with "
                                "'Content-Length: N' and an empty line\n");
            break;
        }
    }
    documents_close_all(&server.documents);
    return server.shut_down ? 0 : 1;
}
