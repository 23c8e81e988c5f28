type Operation = { summary: string; description: string; operationId: string; tags: string[] }

/** The API on one page, for people; made from the OpenAPI document, without a script or anything from elsewhere. */
export function docsPage(document: Record<string, unknown>): string {
  const paths = document.paths as Record<string, Record<string, Operation>>
  const rows = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(
      ([method, { summary, description, operationId }]) =>
        `<tr id="${html(operationId)}"><td><code>${method.toUpperCase()}</code></td><td><code>${html(path)}</code></td><td>${html(summary)}</td><td>${html(description)}</td></tr>`,
    ),
  )
  const info = document.info as { title: string; version: string; description: string }
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${html(info.title)}: API</title>
<meta name="viewport" content="width=device-width"><style>body{font:16px/1.5 system-ui;margin:2rem auto;max-width:72rem;padding:0 1rem;color-scheme:light dark}td{padding:.2rem .8rem .2rem 0;vertical-align:top}code{font-size:.9em}</style>
<h1>${html(info.title)} ${html(info.version)}</h1><p>${html(info.description)}</p>
<p>The whole contract, with every schema: <a href="/openapi.json">openapi.json</a>. Send <code>Authorization: Bearer …</code>.</p>
<table>${rows.join('')}</table></html>`
}

function html(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`)
}
