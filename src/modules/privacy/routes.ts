import { route } from '#kernel/calls/route'
import type { Route } from '#kernel/calls/route'
import { confirmErasure } from './confirm-erasure.ts'
import { consentsOf, recordConsent } from './consents.ts'
import { exportOwnData, exportPerson } from './export-person.ts'
import { requestOwnErasure } from './own-data.ts'
import { readOwnRequest, readRequest, readRequests } from './read-requests.ts'
import { listReturned } from './report-returned.ts'
import { requestErasure } from './request-erasure.ts'
import type { PrivacyParts } from './request-erasure.ts'
import { retentionRules, setRetention } from './retention.ts'
import { readReportKey } from './tenant-keys.ts'

/** More do not go into one answer; the command line has no limit. */
const EXPORT_ROWS_MAX = 50_000

const tags = ['privacy']
const path = '/api/v1/privacy'
const ownPath = '/api/v1/users/me/privacy'

/** What an organisation does for the people it holds data of, and what people do about their own account. */
export function privacyRoutes(parts: PrivacyParts): Route[] {
  return [...requestRoutes(parts), ...ownDataRoutes(parts), ...ruleRoutes(parts)]
}

const requestRoutes = (parts: PrivacyParts): Route[] => [
  route(exportPerson(parts, EXPORT_ROWS_MAX), {
    method: 'POST',
    path: `${path}/exports`,
    summary: 'Export everything that is held about a person',
    tags,
  }),
  route(requestErasure(parts), {
    method: 'POST',
    path: `${path}/erasures`,
    summary: 'Preview the erasure of a person; its token confirms it within an hour',
    tags,
    status: 201,
    without: ['token'],
  }),
  route(confirmErasure(parts, { announce: true }), {
    method: 'POST',
    path: `${path}/erasures/:id/confirm`,
    summary: 'Confirm a previewed erasure; a worker carries it out',
    tags,
    status: 202,
  }),
  route(readRequests, {
    method: 'GET',
    path: `${path}/requests`,
    summary: 'List exports and erasures, the newest first',
    tags,
  }),
  route(readRequest, {
    method: 'GET',
    path: `${path}/requests/:id`,
    summary: 'Read one export or erasure, with its signed report once it is completed',
    tags,
  }),
]

const ownDataRoutes = (parts: PrivacyParts): Route[] => [
  route(exportOwnData(parts, EXPORT_ROWS_MAX), {
    method: 'POST',
    path: `${ownPath}/exports`,
    summary: 'Export everything that is held about you',
    tags,
  }),
  route(requestOwnErasure(parts), {
    method: 'POST',
    path: `${ownPath}/erasures`,
    summary:
      'Preview what this organisation would erase of you, the account too where it is your own; its e-mail has to be typed',
    tags,
    status: 201,
  }),
  route(confirmErasure(parts, { own: true, announce: true }), {
    method: 'POST',
    path: `${ownPath}/erasures/:id/confirm`,
    summary: 'Confirm your own erasure; a worker carries it out',
    tags,
    status: 202,
  }),
  route(readOwnRequest, {
    method: 'GET',
    path: `${ownPath}/requests/:id`,
    summary: 'Read one export or erasure of yours',
    tags,
  }),
]

/** Consent, retention, and what proves and follows an erasure. */
const ruleRoutes = (parts: PrivacyParts): Route[] => [
  route(recordConsent(parts), {
    method: 'POST',
    path: `${path}/consents`,
    summary: 'Record that a person gave or withdrew consent to a purpose',
    tags,
    status: 201,
  }),
  route(consentsOf(parts), {
    method: 'GET',
    path: `${path}/consents`,
    summary: 'Read where a person stands on each purpose, and how it came about',
    tags,
  }),
  route(retentionRules(parts.holders), {
    method: 'GET',
    path: `${path}/retention`,
    summary: 'Read for how many days each category of personal data is kept',
    tags,
  }),
  route(setRetention(parts.holders), {
    method: 'PUT',
    path: `${path}/retention`,
    summary: 'Set for how many days categories of personal data are kept; null keeps for ever',
    tags,
  }),
  route(readReportKey(parts.keys), {
    method: 'GET',
    path: `${path}/report-key`,
    summary: 'Read the public key that erasure reports are verified with',
    tags,
  }),
  route(listReturned, {
    method: 'GET',
    path: `${path}/returned`,
    summary: 'List people who were erased and are held again, as keyed hashes',
    tags,
  }),
]
