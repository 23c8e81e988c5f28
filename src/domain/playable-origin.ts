/** How a request says that it is a test: `query` by default, `header` where a url is signed. */
export type CmcdMode = 'query' | 'header'

/** An origin whose control was proved, as a player is told it. `pathPrefix` is '' or starts with '/' and does not end with it. */
export type PlayableOrigin = {
  origin: string
  pathPrefix: string
  allowPrivate: boolean
  cmcdMode: CmcdMode
}
