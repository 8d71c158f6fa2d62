/** One mail to one person. */
export interface Mail {
  readonly to: string
  readonly subject: string
  readonly text: string
  /** The link the mail is about, for where mails are only written to the log. */
  readonly link: string
}

/** Sends mails. Nobody waits for one: whether an address is known must not show in how long an answer takes. */
export interface Mailer {
  /**
   * Hands a mail over and returns at once. A mail server that is slow or down is tried again for about a minute; then
   * the mail is given up, counted and logged without its address, and the person asks for another.
   */
  send(mail: Mail): void
  /** False where mails go nowhere: production without a mail server. */
  readonly delivers: boolean
  /** Waits for what is under way, at most a few seconds. */
  close(): Promise<void>
}
