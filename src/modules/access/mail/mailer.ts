export interface Mail {
  readonly to: string
  readonly subject: string
  readonly text: string
  /** The link that `text` contains, to be logged where mails are not sent. */
  readonly link: string
}

/** Sends mails in the background: the time of an answer must not reveal whether an address has an account. */
export interface Mailer {
  /**
   * Starts sending a mail and returns at once. A failed delivery is retried for about a minute. After that the failure
   * is counted and logged without the address, and the person has to request another mail.
   */
  send(mail: Mail): void
  /** False when mails are neither sent nor logged, as in production without a mail server. */
  readonly delivers: boolean
  /** Waits a few seconds at most for mails that are being sent. */
  close(): Promise<void>
}
