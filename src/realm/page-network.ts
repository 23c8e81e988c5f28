/** The network of a page: what its `fetch` and its `XMLHttpRequest` ask. */
export type PageNetwork = (request: Request) => Promise<Response>
