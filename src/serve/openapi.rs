//! The description of the API in OpenAPI 3.1, made from the router's table.

use serde_json::{Map, Value, json};

use super::auth::Access;
use super::hooks;
use super::router::{Action, OPERATIONS, Operation};

/// The description, for a server whose syncs may name one of `connectors`.
pub(super) fn document(connectors: &[String]) -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for operation in &OPERATIONS {
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        path[operation.method.as_str().to_ascii_lowercase()] = describe(operation, connectors);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "aither",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Syncs a site with its source, and says how that went.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "paths": paths,
        "components": { "securitySchemes": security_schemes(), "schemas": schemas() },
    })
}

fn describe(operation: &Operation, connectors: &[String]) -> Value {
    let mut responses = Map::new();
    for (status, schema) in operation.answers {
        responses.insert(status.to_string(), answer(operation, *schema));
    }
    let access: &[u16] = match operation.access {
        Access::Anyone | Access::Signed => &[],
        _ => &[401, 403],
    };
    for status in access.iter().chain(operation.errors).chain(&[421]) {
        let failure = json!({
            "description": reason(*status),
            "headers": { "X-Request-Id": { "schema": { "type": "string" } } },
            "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Failure" } } },
        });
        responses.entry(status.to_string()).or_insert(failure);
    }
    let mut described = json!({
        "operationId": format!("{:?} {}", operation.action, operation.path),
        "summary": operation.summary,
        "security": security(operation.access),
        "responses": responses,
    });
    let parameters = parameters(operation.action, connectors);
    if !parameters.is_empty() {
        described["parameters"] = Value::Array(parameters);
    }
    if operation.action == Action::Receive {
        described["requestBody"] = json!({
            "required": true,
            "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Event" } } },
        });
    }
    if operation.action == Action::ResolveConflict {
        described["requestBody"] = json!({
            "required": true,
            "content": { "application/json": { "schema": {
                "type": "object",
                "required": ["resolution"],
                "properties": { "resolution": { "type": "string", "enum": ["local", "remote"] } },
            } } },
        });
    }
    if operation.action == Action::StartSync {
        described["requestBody"] = json!({
            "required": false,
            "content": { "application/json": { "schema": {
                "type": "object",
                "properties": {
                    "full": { "type": "boolean", "description": "Read everything, whatever is known already." },
                    "connector": { "type": "string", "enum": connectors },
                },
                "additionalProperties": false,
            } } },
        });
    }
    described
}

fn answer(operation: &Operation, schema: Option<&str>) -> Value {
    let content = match schema {
        None => json!({ "text/plain": { "schema": { "type": "string" } } }),
        Some("Description") => json!({ "application/json": { "schema": { "type": "object" } } }),
        Some(schema) => {
            let mut meta = json!({ "$ref": "#/components/schemas/Meta" });
            if matches!(schema, "Jobs" | "DeadLetters" | "Conflicts") {
                meta = json!({ "allOf": [meta, { "type": "object", "required": ["pagination"] }] });
            }
            json!({ "application/json": { "schema": {
                "type": "object",
                "required": ["success", "data", "meta"],
                "properties": {
                    "success": { "const": true },
                    "data": { "$ref": format!("#/components/schemas/{schema}") },
                    "meta": meta,
                },
            } } })
        }
    };
    json!({
        "description": operation.summary,
        "headers": { "X-Request-Id": { "schema": { "type": "string" } } },
        "content": content,
    })
}

fn parameters(action: Action, connectors: &[String]) -> Vec<Value> {
    let whole = |name: &str, least: u32, most: Option<u32>, default: u32| {
        let mut schema = json!({ "type": "integer", "minimum": least, "default": default });
        if let Some(most) = most {
            schema["maximum"] = most.into();
        }
        json!({ "name": name, "in": "query", "required": false, "schema": schema })
    };
    match action {
        Action::DeadLetters => vec![whole("limit", 1, Some(100), 20), whole("offset", 0, Some(1_000_000), 0)],
        Action::RetryLetter | Action::DropLetter => vec![json!({
            "name": "id", "in": "path", "required": true,
            "schema": { "type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[A-Za-z0-9._:~@+=-]+$" },
        })],
        Action::Receive => {
            let names: Vec<&str> = connectors.iter().map(String::as_str).chain(hooks::NAMED).collect();
            let header = |name: &str, what: &str| {
                let schema = json!({ "type": "string" });
                json!({ "name": name, "in": "header", "required": false, "description": what, "schema": schema })
            };
            vec![
                json!({
                    "name": "connector", "in": "path", "required": true,
                    "description": "A source, or `enrollment-changed`, or `profile-updated`.",
                    "schema": { "type": "string", "enum": names },
                }),
                header(
                    "x-webhook-signature",
                    "HMAC-SHA256 of the body in hexadecimal digits, `sha256=` before it or not.",
                ),
                header("webhook-id", "Standard Webhooks."),
                header("webhook-timestamp", "Standard Webhooks."),
                header("webhook-signature", "Standard Webhooks."),
            ]
        }
        Action::Conflicts => vec![
            whole("limit", 1, Some(100), 20),
            whole("offset", 0, Some(1_000_000), 0),
            json!({
                "name": "status", "in": "query", "required": false,
                "schema": { "type": "string", "enum": ["open", "resolved"] },
            }),
        ],
        Action::ResolveConflict => vec![json!({
            "name": "id", "in": "path", "required": true,
            "schema": { "type": "string", "pattern": "^conflict-[0-9a-f]{16}$" },
        })],
        Action::ListRuns => vec![whole("limit", 1, Some(100), 20), whole("offset", 0, Some(1_000_000), 0)],
        Action::ShowRun => vec![json!({
            "name": "jobId", "in": "path", "required": true,
            "schema": { "type": "string", "pattern": "^sync-[0-9a-f]{16}$" },
        })],
        Action::StartSync => vec![json!({
            "name": "Prefer", "in": "header", "required": false,
            "description": "RFC 7240: `wait=SECONDS`.",
            "schema": { "type": "string" },
        })],
        _ => Vec::new(),
    }
}

fn security(access: Access) -> Value {
    match access {
        // Signatures are described as headers: no scheme of OpenAPI says what they are.
        Access::Anyone | Access::Signed => json!([]),
        Access::Here => json!([{}, { "admin": [] }]),
        Access::Sync => json!([{ "admin": [] }, { "sync": [] }]),
        Access::Scheduler { bearer: true } => json!([{ "admin": [] }, { "cron": [] }, { "cronBearer": [] }]),
        Access::Scheduler { bearer: false } => json!([{ "admin": [] }, { "cron": [] }]),
        Access::Admin => json!([{ "admin": [] }]),
    }
}

fn security_schemes() -> Value {
    let bearer = |name: &str| json!({ "type": "http", "scheme": "bearer", "description": name });
    json!({
        "admin": bearer("AITHER_ADMIN_TOKEN"),
        "sync": bearer("AITHER_SYNC_TOKEN"),
        "cronBearer": bearer("CRON_SECRET"),
        "cron": { "type": "apiKey", "in": "header", "name": "x-cron-secret", "description": "CRON_SECRET" },
    })
}

fn reason(status: u16) -> &'static str {
    match status {
        400 => "The request is wrong in itself.",
        401 => "Credentials are missing or unknown.",
        403 => "The credentials are not for this.",
        404 => "There is no such thing.",
        408 => "The body took too long.",
        409 => "A sync is under way; its job, where that is known, is in `details`.",
        411 => "A body needs a length.",
        413 => "The body is too large.",
        415 => "The body is no JSON.",
        421 => "The server does not answer to that name.",
        502 => "The source cannot be reached, or its data cannot be used.",
        503 => "Not now.",
        504 => "The sync took longer than one may.",
        _ => "The server failed.",
    }
}

fn schemas() -> Value {
    let time = json!({ "type": "string", "format": "date-time" });
    let maybe_time = json!({ "type": ["string", "null"], "format": "date-time" });
    let maybe_text = json!({ "type": ["string", "null"] });
    let count = json!({ "type": "integer", "minimum": 0 });
    let job = json!({
        "jobId": { "type": "string" },
        "runType": { "enum": ["manual", "scheduled", "webhook", "cli"] },
        "status": { "enum": ["running", "success", "partial", "failed", "timed_out"] },
        "startTime": time, "endTime": maybe_time,
        "durationMs": { "type": ["integer", "null"], "minimum": 0 },
        "connector": { "type": "string" },
        "coursesFetched": count, "participantsFetched": count, "templatesFetched": count,
        "changed": {
            "type": "object",
            "required": ["added", "updated", "removed"],
            "properties": { "added": count, "updated": count, "removed": count },
        },
        "filesGenerated": count, "filesSkipped": count, "filesRemoved": count,
        "noUpcomingCourse": { "type": "boolean" },
        "nextCourseId": maybe_text, "courseId": maybe_text,
        "cursorBefore": maybe_text, "cursorAfter": maybe_text,
        "errors": { "type": "array", "items": {
            "type": "object",
            "required": ["entity", "message", "timestamp"],
            "properties": { "entity": { "type": "string" }, "message": { "type": "string" }, "timestamp": time },
        } },
        "last_synced_at": maybe_time,
        "last_updated_at": maybe_time,
        "sync_status": { "type": "string" },
    });
    let required: Vec<&String> = job.as_object().map(|job| job.keys().collect()).unwrap_or_default();
    let required = json!(required);
    let mut job = job;
    // Only where there are several.
    job["sources"] = json!({ "type": "array", "items": {
        "type": "object",
        "required": ["id", "status", "courses", "delta", "cursorBefore", "cursorAfter", "error"],
        "properties": {
            "id": { "type": "string" }, "status": { "enum": ["success", "failed", "kept"] },
            "courses": count, "delta": { "type": "boolean" },
            "cursorBefore": maybe_text, "cursorAfter": maybe_text, "error": maybe_text,
        },
    } });
    let pagination = json!({
        "type": "object",
        "required": ["total", "limit", "offset"],
        "properties": { "total": count, "limit": count, "offset": count },
    });
    json!({
        "Meta": {
            "type": "object",
            "required": ["requestId", "timestamp"],
            "properties": { "requestId": { "type": "string" }, "timestamp": time, "pagination": pagination },
        },
        "Failure": {
            "type": "object",
            "required": ["success", "error", "meta"],
            "properties": {
                "success": { "const": false },
                "error": {
                    "type": "object",
                    "required": ["code", "message"],
                    "properties": {
                        "code": { "type": "string", "pattern": "^[A-Z][A-Z_]*$" },
                        "message": { "type": "string" },
                        "details": { "type": "object" },
                    },
                },
                "meta": { "$ref": "#/components/schemas/Meta" },
            },
        },
        "Started": {
            "type": "object",
            "required": ["jobId", "status", "startTime", "last_synced_at", "sync_status"],
            "properties": {
                "jobId": { "type": "string" }, "status": { "const": "running" }, "startTime": time,
                "last_synced_at": maybe_time, "sync_status": { "type": "string" },
            },
        },
        "Job": { "type": "object", "required": required, "properties": job },
        "Jobs": { "type": "array", "items": { "$ref": "#/components/schemas/Job" } },
        "Conflicts": { "type": "array", "items": { "$ref": "#/components/schemas/Conflict" } },
        "Conflict": {
            "type": "object",
            "required": [
                "id", "connector", "entityType", "recordId", "field", "status", "localSnapshot", "remoteSnapshot",
                "resolution", "remoteUpdatedAt", "createdAt", "resolvedAt", "last_updated_at",
            ],
            "properties": {
                "id": { "type": "string" }, "connector": { "type": "string" },
                "entityType": { "type": "string" }, "recordId": { "type": "string" },
                "field": { "type": "string", "enum": ["title", "description", "result"] },
                "status": { "type": "string", "enum": ["open", "resolved"] },
                "localSnapshot": { "type": "string" }, "remoteSnapshot": { "type": "string" },
                "resolution": { "type": ["string", "null"], "enum": ["local", "remote", null] },
                "remoteUpdatedAt": maybe_time, "createdAt": time, "resolvedAt": maybe_time,
                "last_updated_at": time,
            },
        },
        "Queue": {
            "type": "object",
            "required": ["total", "processing", "pending", "failed", "oldestPending"],
            "properties": {
                "total": count, "processing": count, "pending": count, "failed": count, "oldestPending": maybe_time,
            },
        },
        "Event": {
            "type": "object",
            "required": ["id", "type", "resourceId", "resourceType", "timestamp"],
            "properties": {
                "id": {
                    "type": "string", "minLength": 1, "maxLength": 200,
                    "pattern": "^[A-Za-z0-9._:~@+=-]*[A-Za-z0-9_:~@+=-][A-Za-z0-9._:~@+=-]*$",
                },
                "type": { "enum": crate::model::event::TYPES },
                "resourceId": { "type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$" },
                "resourceType": { "type": "string" },
                "data": { "type": ["object", "null"] },
                "timestamp": time,
                "retryCount": { "type": ["integer", "null"], "minimum": 0, "maximum": 4_294_967_295_u32 },
                "status": maybe_text,
            },
        },
        "Accepted": {
            "type": "object",
            "required": ["eventId"],
            "properties": {
                "eventId": { "type": "string" }, "queued": { "const": true }, "duplicate": { "const": true },
            },
        },
        "DeadLetters": { "type": "array", "items": {
            "type": "object",
            "required": ["id", "queue", "type", "subject", "error", "retryCount", "receivedAt", "last_updated_at"],
            "properties": {
                "id": { "type": "string" }, "queue": { "enum": ["events", "outbox", "pushes"] },
                "type": { "type": "string" }, "subject": { "type": "string" }, "error": maybe_text,
                "retryCount": count, "receivedAt": time, "last_updated_at": time,
            },
        } },
        "Settled": {
            "type": "object",
            "required": ["id"],
            "properties": {
                "id": { "type": "string" }, "queued": { "const": true }, "dropped": { "const": true },
            },
        },
        "Health": {
            "type": "object",
            "required": [
                "healthy", "failureRate", "recentFailures", "failuresByType", "failuresBySource", "snapshotAgeSeconds",
                "message", "queue", "connectors", "last_synced_at", "sync_status",
            ],
            "properties": {
                "healthy": { "type": "boolean" },
                "failureRate": { "type": "number", "minimum": 0, "maximum": 1 },
                "recentFailures": count,
                "failuresByType": { "type": "object", "additionalProperties": count },
                "failuresBySource": { "type": "object", "additionalProperties": count },
                "snapshotAgeSeconds": { "type": ["integer", "null"] },
                "freshness": { "enum": ["fresh", "warning", "error", null] },
                "warningMinutes": count,
                "errorMinutes": count,
                "message": { "type": "string" },
                "queue": { "$ref": "#/components/schemas/Queue" },
                "connectors": { "type": "array", "items": {
                    "type": "object",
                    "required": ["name", "sync_status", "last_synced_at"],
                    "properties": {
                        "name": { "type": "string" }, "sync_status": maybe_text, "last_synced_at": maybe_time,
                    },
                } },
                "last_synced_at": maybe_time, "sync_status": maybe_text,
            },
        },
        "Sign": { "type": "object", "required": ["status"], "properties": { "status": { "type": "string" } } },
    })
}
