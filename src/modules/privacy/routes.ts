import { route } from '#kernel/calls/route'
import type { Route } from '#kernel/calls/route'
import { confirmErasure } from './confirm-erasure.ts'
import { consentsOf, recordConsent } from './consents.ts'
import { exportOwnData, exportPerson } from './export-person.ts'
import { requestOwnErasure } from './own-data.ts'
import { readExport, requestExport } from './make-export.ts'
import type { ExportParts } from './make-export.ts'
import { readOwnRequest, readRequest, readRequests } from './read-requests.ts'
import { listReturned } from './report-returned.ts'
import { requestErasure } from './request-erasure.ts'
import type { PrivacyParts } from './request-erasure.ts'
import { retentionRules, setRetention } from './retention.ts'
import { readReportKey } from './tenant-keys.ts'

/** The most rows of one response; the command line has no limit. */
const EXPORT_ROWS_MAX = 50_000

const tags = ['privacy']
const path = '/api/v1/privacy'
const ownPath = '/api/v1/users/me/privacy'

/** Routes for the data of people an organisation stores, and for the signed-in person's own data. */
export function privacyRoutes(parts: ExportParts): Route[] {
  return [...requestRoutes(parts), ...ownDataRoutes(parts), ...ruleRoutes(parts)]
}

const requestRoutes = (parts: ExportParts): Route[] => [
  route(exportPerson(parts, EXPORT_ROWS_MAX), {
    method: 'POST',
    path: `${path}/exports`,
    summary: 'Export everything that is held about a person',
    tags,
  }),
  route(requestExport(parts), {
    method: 'POST',
    path: `${path}/exports/requested`,
    summary: 'Request an export that a worker makes, however much is held about the person',
    tags,
    status: 202,
  }),
  route(readExport(parts), {
    method: 'GET',
    path: `${path}/requests/:id/archive`,
    summary: 'Download the archive of a requested export, within a week after it was completed',
    tags,
    envelope: 'bare',
    contentType: 'application/json; charset=utf-8',
  }),
  route(requestErasure(parts), {
    method: 'POST',
    path: `${path}/erasures`,
    summary: 'Preview the erasure of a person; the returned token confirms it within an hour',
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
    summary: 'Preview the erasure of your data in this organisation; requires the e-mail of your account',
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

/** Routes for consents, retention rules, the report key and erased people who are stored again. */
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
    summary: 'Read the current consents of a person by purpose, and their history',
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
    summary: 'Set for how many days categories of personal data are kept; null keeps forever',
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
    summary: 'List people who were erased and are stored again, by the request that erased them',
    tags,
  }),
]
