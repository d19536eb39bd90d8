import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { schemaFaults } from '../support/kubernetes-schema.ts';

const read = (file: string) =>
  parseAllDocuments(readFileSync(`docs/deploy/kubernetes/${file}`, 'utf8')).map((document) =>
    document.toJS(),
  );

it('the manifests hold only fields that Kubernetes knows, and all that it requires', () => {
  const objects = [...read('rbac.yaml'), ...read('gateway.yaml')];
  expect(objects.map(({ kind }) => kind)).toEqual([
    'ServiceAccount',
    'Role',
    'RoleBinding',
    'Deployment',
    'Service',
    'PodDisruptionBudget',
    'NetworkPolicy',
  ]);
  expect(objects.flatMap(schemaFaults)).toEqual([]);
});

it('a wrong manifest is noticed', () => {
  const [deployment] = read('gateway.yaml');
  deployment.spec.template.spec.containers[0].securityContext.runAsRoot = true;
  deployment.spec.replicas = '2';
  deployment.spec.selector = undefined;
  deployment.spec.template.spec.containers[0].name = undefined;
  expect(schemaFaults(deployment)).toEqual([
    'Deployment.spec.selector: is missing',
    'Deployment.spec.replicas: is no number',
    'Deployment.spec.template.spec.containers[0].name: is missing',
    'Deployment.spec.template.spec.containers[0].securityContext.runAsRoot: is no field of V1SecurityContext',
  ]);
});
