import { holdTables } from '#kernel/personal-data/hold-tables'
import { customerTags } from '../record/cache-tags.ts'
import { expireSurveyAnswers, expireTickets } from './store.ts'

/**
 * Support tickets. Erasure keeps the ticket, because the number of tickets and their resolution times are the
 * customer's history. It removes the requester and what they wrote; what staff wrote stays without the requester's
 * name.
 */
export const ticketsPersonalData = holdTables({
  name: 'customers.tickets',
  describe: 'Support tickets: the requester, the requester’s texts, and the notes on the ticket.',
  cacheTags: [customerTags.all],
  identifies: true,
  keeps: {
    what: 'tickets without the requester and the requester’s texts: times, priority, category, resolution',
    why: 'They record the service that the customer received.',
  },
  holds: [
    {
      table: 'customers.tickets',
      key: { ticket_id: 'text' },
      own: { emails: ['requester_email'], names: ['requester_name'] },
      text: [
        ...['subject', 'description', 'assigned_agent', 'assigned_team', 'satisfaction_comment', 'escalation_reason'],
        ...['resolution_notes', 'internal_notes', 'customer_visible_notes'],
      ],
      json: ['tags', 'attributes'],
      externalIds: ['ticket_id', 'external_id'],
      eraseOwn: () => ({
        requester_email: null,
        requester_name: null,
        description: null,
        satisfaction_comment: null,
        attributes: '{}',
      }),
    },
  ],
  retention: { category: 'support_tickets', defaultDays: 1095, expire: expireTickets },
})

/** Survey answers. Erasure keeps the score as the customer's and removes the respondent and the comment. */
export const surveysPersonalData = holdTables({
  name: 'customers.survey-answers',
  describe: 'Answers to surveys: the respondent and the comment.',
  cacheTags: [customerTags.all],
  identifies: true,
  keeps: {
    what: 'scores without respondent and comment',
    why: 'The satisfaction of the customer is computed from them.',
  },
  holds: [
    {
      table: 'customers.survey_answers',
      key: { answer_id: 'text' },
      own: { emails: ['respondent_email'], names: ['respondent_name'] },
      text: ['comment'],
      externalIds: ['answer_id', 'survey_id', 'ticket_id', 'external_id'],
      eraseOwn: () => ({ respondent_email: null, respondent_name: null, comment: null }),
    },
  ],
  retention: { category: 'survey_answers', defaultDays: 1095, expire: expireSurveyAnswers },
})
