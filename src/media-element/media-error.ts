/** HTML's MediaError. */
export class MediaError {
  static readonly MEDIA_ERR_ABORTED = 1
  static readonly MEDIA_ERR_NETWORK = 2
  static readonly MEDIA_ERR_DECODE = 3
  static readonly MEDIA_ERR_SRC_NOT_SUPPORTED = 4
  readonly code: number
  readonly message: string

  constructor(code: number, message: string) {
    this.code = code
    this.message = message
  }
}
