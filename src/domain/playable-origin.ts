/** How a request says that it is a test: `query` by default, `header` where a url is signed. */
export type CmcdMode = 'query' | 'header'

/** What may be reached of an origin whose control was proved. `pathPrefix` is '' or starts with '/' and does not end with it. */
export type ReachableOrigin = {
  origin: string
  pathPrefix: string
  allowPrivate: boolean
  cmcdMode: CmcdMode
}

/** The same with what its operator serves as the proof; anybody may read it there. */
export type PlayableOrigin = ReachableOrigin & { token: string }
