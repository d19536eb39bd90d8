import { openLayout } from '../../core/oci/layout.ts';
import { keySigner } from '../../core/trust/sign.ts';
import { publish } from '../../scripts/publisher/publish.ts';
import { loadRegistry, requireValid } from '../../scripts/registry/load.ts';
import type { TestPublication } from '../support/publication.ts';

/** Publishes what the registry holds now into a layout that keeps what was there before. */
export function mover(publication: TestPublication, layout: string): () => Promise<void> {
  let number = 0;
  return async () => {
    number += 1;
    const registry = requireValid(await loadRegistry(publication.registry));
    await publish(registry, await openLayout(layout, { create: true }), {
      sign: keySigner(publication.key),
      batchSize: 1,
      policy: publication.policy,
      position: { number, development: false },
    });
  };
}

/** Captured tools of these names. */
export function tools(...names: string[]) {
  return {
    capturedFrom: `registry.example/beta@sha256:${'b'.repeat(64)}`,
    serverInfo: { name: 'beta', version: '1.0.0' },
    capabilities: { tools: {} },
    tools: names.map((name) => ({
      name,
      description: `Does ${name}.`,
      inputSchema: { type: 'object' },
    })),
  };
}

/** Parameters and a secret of an entry, as YAML. */
export const SETTINGS = `parameters:
  type: object
  properties:
    folder: { type: string, description: Folder to read. }
    depth: { type: integer, minimum: 1, description: How deep. }
  required: [folder]
secrets:
  - { name: token, description: Token of beta. }
env: { FOLDER: '{folder}', DEPTH: '{depth}', TOKEN: '{token}' }
`;
